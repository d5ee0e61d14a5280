// SPDX-License-Identifier: Apache-2.0
import { COLOURS, choice, dashboard, figure, heading, lines, query, table } from './panels.mjs';
import {
  DESTINATION,
  duration,
  EDGE,
  errorRatio,
  QUANTILES,
  quantileName,
  REPORTER,
  rate,
  requests,
} from './traffic.mjs';

const onto = 'reporter=~"$reporter",destination_workload_namespace=~"$namespace"';
const failures = 'destination_workload_namespace=~"$namespace"';

/** All that flows. */
export const mesh = dashboard({
  uid: 'mesh',
  title: 'Mesh',
  about: 'Everything that flows: requests, connections, failures; the edges, busiest first.',
  choices: [
    REPORTER,
    choice({
      name: 'namespace',
      label: 'Namespace called',
      of: 'destination_workload_namespace',
      from: 'istio_tcp_connections_opened_total',
    }),
  ],
  panels: [
    figure({ title: 'Requests', unit: 'reqps', expr: requests(onto) }),
    figure({
      title: 'Failed requests',
      about: 'Status 5xx, or no answer.',
      unit: 'percentunit',
      expr: errorRatio(onto, ''),
      limits: [0.01, 0.05],
    }),
    figure({ title: 'p99 to the last byte', unit: 'ms', expr: duration(0.99, onto) }),
    figure({
      title: 'Connections opened',
      unit: 'cps',
      expr: rate('istio_tcp_connections_opened_total', onto),
    }),
    figure({
      title: 'Failed connects',
      about: 'Refused, timed out, unreachable, or refused by the mesh itself.',
      unit: 'cps',
      expr: `${rate('undermesh_connect_failures_total', failures)} or vector(0)`,
      limits: [1],
    }),
    figure({
      title: 'Silent nodes',
      about: 'While a node is silent, every sum is a lower bound.',
      expr: 'count(undermesh_node_reporting == 0) or vector(0)',
      limits: [1],
      decimals: 0,
    }),
    heading('Requests'),
    lines({
      title: 'Requests by workload called',
      unit: 'reqps',
      stacked: true,
      queries: [
        query(
          `topk(12, ${requests(onto, DESTINATION)})`,
          '{{destination_workload_namespace}}/{{destination_workload}}',
        ),
      ],
    }),
    lines({
      title: 'Failed requests by workload called',
      unit: 'percentunit',
      queries: [
        query(
          `topk(12, ${errorRatio(onto, DESTINATION)})`,
          '{{destination_workload_namespace}}/{{destination_workload}}',
        ),
      ],
    }),
    lines({
      title: 'Request duration',
      about: 'From the end of a request to the last byte of its response.',
      unit: 'ms',
      queries: QUANTILES.map((quantile) => query(duration(quantile, onto), quantileName(quantile))),
    }),
    lines({
      title: 'Slowest workloads, p99',
      unit: 'ms',
      queries: [
        query(
          `topk(8, ${duration(0.99, onto, DESTINATION)})`,
          '{{destination_workload_namespace}}/{{destination_workload}}',
        ),
      ],
    }),
    heading('Connections'),
    lines({
      title: 'Opened and closed',
      unit: 'cps',
      queries: [
        query(rate('istio_tcp_connections_opened_total', onto), 'opened'),
        query(rate('istio_tcp_connections_closed_total', onto), 'closed'),
      ],
    }),
    lines({
      title: 'Failed connects by reason',
      unit: 'cps',
      stacked: true,
      colours: { refused: COLOURS.critical },
      queries: [query(rate('undermesh_connect_failures_total', failures, 'reason'), '{{reason}}')],
    }),
    lines({
      title: 'Bytes',
      unit: 'Bps',
      queries: [
        query(rate('istio_tcp_received_bytes_total', onto), 'in requests'),
        query(rate('istio_tcp_sent_bytes_total', onto), 'in responses'),
      ],
    }),
    lines({
      title: 'Failed connects by edge',
      unit: 'cps',
      queries: [
        query(
          `topk(8, ${rate('undermesh_connect_failures_total', failures, EDGE)})`,
          '{{source_workload}} → {{destination_workload}}',
        ),
      ],
    }),
    table({
      title: 'Edges',
      labels: {
        source_workload_namespace: 'Namespace',
        source_workload: 'From',
        destination_workload_namespace: 'Namespace called',
        destination_workload: 'To',
      },
      columns: [
        { title: 'Requests', unit: 'reqps', expr: `${requests(onto, EDGE)} > 0` },
        { title: 'Failed', unit: 'percentunit', expr: errorRatio(onto, EDGE), limits: [0.01, 0.05] },
        { title: 'p50', unit: 'ms', expr: duration(0.5, onto, EDGE) },
        { title: 'p99', unit: 'ms', expr: duration(0.99, onto, EDGE) },
        {
          title: 'Connections',
          unit: 'cps',
          expr: `${rate('istio_tcp_connections_opened_total', onto, EDGE)} > 0`,
        },
      ],
    }),
  ],
});
