// SPDX-License-Identifier: Apache-2.0
// Queries of traffic, by what the two ends are called.
import { choice } from './panels.mjs';

export const SOURCE = 'source_workload_namespace, source_workload';
export const DESTINATION = 'destination_workload_namespace, destination_workload';
export const EDGE = `${SOURCE}, ${DESTINATION}`;
/** The response codes that count as errors: 5xx, and 0, a connection that ended without an answer. */
export const FAILED = 'response_code=~"5..|0"';
export const WINDOW = '[$__rate_interval]';

/** A rate, summed up. @param {string} by labels, or '' */
export const rate = (metric, matchers, by = '') =>
  `sum${by && ` by (${by})`} (rate(${metric}{${matchers}}${WINDOW}))`;

export const requests = (matchers, by) => rate('istio_requests_total', matchers, by);

/** Share of requests that failed; absent where there are none. */
export const errorRatio = (matchers, by) =>
  `(${requests(`${matchers},${FAILED}`, by)} or 0 * ${requests(matchers, by)}) / (${requests(matchers, by)} > 0)`;

/** A quantile of the request duration, ms. */
export const duration = (quantile, matchers, by = '') =>
  `histogram_quantile(${quantile}, ${rate('istio_request_duration_milliseconds_bucket', matchers, by ? `le, ${by}` : 'le')})`;

export const QUANTILES = [0.5, 0.95, 0.99];
/** As lines are named. */
export const quantileName = (quantile) => `p${quantile * 100}`;

/** Whose word counts: each request is told of by both ends. */
export const REPORTER = choice({
  name: 'reporter',
  label: 'Reported by',
  of: 'reporter',
  from: 'istio_tcp_connections_opened_total',
  one: true,
});
