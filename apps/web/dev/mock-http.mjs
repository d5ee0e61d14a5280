// SPDX-License-Identifier: Apache-2.0
/**
 * Invented HTTP traffic for the mock collector: what each edge asks for and how long it takes, as mixtures of log-normal
 * times. Nothing here is measured.
 */

/** Standard normal distribution function, to 1e-7. */
const phi = (z) => {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    0.3989423 *
    Math.exp((-z * z) / 2) *
    t *
    (0.3193815 + t * (-0.3565638 + t * (1.781478 + t * (-1.821256 + t * 1.330274))));
  return z > 0 ? 1 - tail : tail;
};

/** Parts of a mixture: weight, median in µs, spread (sigma of the logarithm). */
const part = (weight, medianMs, sigma) => ({ weight, mu: Math.log(medianMs * 1000), sigma });

const edge = (rps, time, more = {}) => ({
  rps,
  time,
  later: null,
  change: null,
  networkUs: 180,
  localUs: 60,
  errors: 0.0001,
  tls: 0,
  ...more,
});

/** By the row of the mock's edge; a row without an entry carries no HTTP/1.1. */
export const SHOP_HTTP = {
  0: edge(9.6, [part(0.9, 22, 0.6), part(0.1, 60, 0.4)], { networkUs: 420, errors: 0.004 }),
  1: edge(262, [part(1, 12, 0.55)], {
    later: [part(0.93, 41, 0.62), part(0.07, 140, 0.3)],
    change: 117,
    networkUs: 300,
    localUs: 100,
  }),
  2: edge(4200, [part(0.92, 9, 0.6), part(0.08, 26, 0.4)], { errors: 0.0003, networkUs: 240 }),
  3: edge(2900, [part(0.88, 4.2, 0.62), part(0.12, 24, 0.35)], {
    later: [part(0.955, 3.8, 0.56), part(0.045, 21, 0.4)],
    change: 118,
    networkUs: 740,
    laterNetworkUs: 240,
    localUs: 120,
    tls: 312,
  }),
  4: edge(1040, [part(0.97, 8, 0.5), part(0.03, 30, 0.4)], { errors: 0.0002 }),
  5: edge(262, [part(0.95, 52, 0.55), part(0.05, 160, 0.3)], { errors: 0.0006 }),
  6: edge(318, [part(0.95, 14, 0.5), part(0.05, 38, 0.4)], { errors: 0.002 }),
  10: edge(410, [part(1, 9, 0.5)]),
};

/** For the large mesh: everything speaks HTTP. */
export const manyHttp = (rate, seed) => edge(rate * 20, [part(1, 2 + (seed % 17), 0.55)]);

/** The mixture in force at a moment. */
export const mixtureAt = (http, at, changedAt) =>
  http.later !== null && changedAt !== null && at >= changedAt ? http.later : http.time;

/** Streams of requests over [from, to): each a number of requests and the mixture of their times. */
export const streamsOf = (https, from, to, changeTimes) =>
  https.flatMap((http) => {
    const changedAt = http.change === null ? null : (changeTimes[http.change] ?? null);
    if (http.later === null || changedAt === null || changedAt <= from || changedAt >= to) {
      return [{ count: (http.rps * (to - from)) / 1000, mixture: mixtureAt(http, from, changedAt) }];
    }
    return [
      { count: (http.rps * (changedAt - from)) / 1000, mixture: http.time },
      { count: (http.rps * (to - changedAt)) / 1000, mixture: http.later },
    ];
  });

/** How many requests took at most `us`. */
export const countUpTo = (streams, us) =>
  us <= 0
    ? 0
    : streams.reduce(
        (sum, { count, mixture }) =>
          sum +
          count *
            mixture.reduce(
              (all, { weight, mu, sigma }) => all + weight * phi((Math.log(us) - mu) / sigma),
              0,
            ),
        0,
      );

/** Time that the share `q` of requests took at most, in µs; `null` without requests. */
export const quantileOf = (streams, q) => {
  const total = streams.reduce((sum, { count }) => sum + count, 0);
  if (total < 1) return null;
  let low = 0;
  let high = 18;
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if (countUpTo(streams, Math.exp(middle)) < q * total) low = middle;
    else high = middle;
  }
  return Math.round(Math.exp(high));
};

export const quantilesOf = (streams, scale = 1) => {
  const count = Math.round(streams.reduce((sum, stream) => sum + stream.count, 0));
  const at = (q) => (count === 0 ? null : Math.round((quantileOf(streams, q) ?? 0) * scale));
  return { count, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
};

/** Mean time in µs; `null` without requests. */
export const meanOf = (streams) => {
  const total = streams.reduce((sum, { count }) => sum + count, 0);
  if (total < 1) return null;
  return Math.round(
    streams.reduce(
      (sum, { count, mixture }) =>
        sum +
        count *
          mixture.reduce(
            (all, { weight, mu, sigma }) => all + weight * Math.exp(mu + (sigma * sigma) / 2),
            0,
          ),
      0,
    ) / total,
  );
};

/** Counts and times as the API gives them; `null` when nothing was asked for. */
export const requestsOf = (https, { from, to, changeTimes, seenBy = 'source' }) => {
  const streams = streamsOf(https, from, to, changeTimes);
  const total = Math.round(streams.reduce((sum, { count }) => sum + count, 0));
  if (total === 0) return null;
  const failed = Math.round(
    https.reduce((sum, http) => sum + http.errors * http.rps, 0) * ((to - from) / 1000),
  );
  const wrong = Math.round(total * 0.012);
  return {
    total,
    statusClasses: { '2xx': total - failed - wrong, '4xx': wrong, '5xx': failed },
    pipelined: 0,
    requestBytes: total * 412,
    responseBytes: total * 2380,
    firstByteUs: quantilesOf(streams),
    lastByteUs: quantilesOf(streams, 1.12),
    seenBy,
  };
};

/** Where the mean request's time goes; `null` without requests. */
export const splitOf = (https, { from, to, changeTimes, connectUs = 150, basis = 'both' }) => {
  const streams = streamsOf(https, from, to, changeTimes);
  const totalUs = meanOf(streams);
  if (totalUs === null) return null;
  const all = https.reduce((sum, { rps }) => sum + rps, 0);
  const mean = (pick) => Math.round(https.reduce((sum, http) => sum + pick(http) * http.rps, 0) / all);
  const networkUs = Math.min(
    totalUs,
    mean((http) => {
      const changedAt = http.change === null ? null : changeTimes[http.change];
      if (http.laterNetworkUs === undefined || changedAt == null || changedAt >= to) return http.networkUs;
      const share = Math.max(0, Math.min(1, (to - changedAt) / (to - from)));
      return http.networkUs * (1 - share) + http.laterNetworkUs * share;
    }),
  );
  const localUs =
    basis === 'both'
      ? Math.min(
          totalUs - networkUs,
          mean((http) => http.localUs),
        )
      : 0;
  return {
    connectUs: Math.round(connectUs),
    networkUs,
    applicationUs: totalUs - networkUs - localUs,
    localUs: basis === 'both' ? localUs : null,
    totalUs,
    basis,
    requests: Math.round(streams.reduce((sum, { count }) => sum + count, 0) * 0.987),
  };
};
