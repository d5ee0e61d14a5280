// SPDX-License-Identifier: Apache-2.0
import { COLOURS, choice, dashboard, figure, heading, lines, query, table } from './panels.mjs';
import {
  duration,
  errorRatio,
  QUANTILES,
  quantileName,
  REPORTER,
  rate,
  requests,
  SOURCE,
} from './traffic.mjs';

const onto = 'reporter=~"$reporter",destination_service=~"$service"';

/** Who calls one service, and how that goes. */
export const service = dashboard({
  uid: 'service',
  title: 'Service',
  about: 'One service: who calls it, how fast it answers, what fails.',
  choices: [
    REPORTER,
    choice({
      name: 'service',
      label: 'Service',
      of: 'destination_service',
      from: 'istio_tcp_connections_opened_total{destination_service!="unknown"}',
      one: true,
    }),
  ],
  panels: [
    figure({ title: 'Requests', unit: 'reqps', expr: requests(onto), width: 6 }),
    figure({
      title: 'Failed requests',
      about: 'Status 5xx, or no answer.',
      unit: 'percentunit',
      expr: errorRatio(onto, ''),
      limits: [0.01, 0.05],
      width: 6,
    }),
    figure({ title: 'p50 to the last byte', unit: 'ms', expr: duration(0.5, onto), width: 6 }),
    figure({ title: 'p99 to the last byte', unit: 'ms', expr: duration(0.99, onto), width: 6 }),
    heading('Requests'),
    lines({
      title: 'Requests by caller',
      unit: 'reqps',
      stacked: true,
      queries: [query(requests(onto, SOURCE), '{{source_workload_namespace}}/{{source_workload}}')],
    }),
    lines({
      title: 'Requests by response code',
      about: '0: the connection ended without an answer.',
      unit: 'reqps',
      stacked: true,
      colours: { '^2': COLOURS.ok, '^4': COLOURS.warning, '^(5|0$)': COLOURS.critical },
      queries: [query(requests(onto, 'response_code'), '{{response_code}}')],
    }),
    lines({
      title: 'Request duration',
      unit: 'ms',
      queries: QUANTILES.map((quantile) => query(duration(quantile, onto), quantileName(quantile))),
    }),
    lines({
      title: 'p99 by caller',
      unit: 'ms',
      queries: [query(duration(0.99, onto, SOURCE), '{{source_workload_namespace}}/{{source_workload}}')],
    }),
    heading('Connections'),
    lines({
      title: 'Opened by caller',
      unit: 'cps',
      stacked: true,
      queries: [
        query(
          rate('istio_tcp_connections_opened_total', onto, SOURCE),
          '{{source_workload_namespace}}/{{source_workload}}',
        ),
      ],
    }),
    lines({
      title: 'Bytes',
      unit: 'Bps',
      queries: [
        query(rate('istio_tcp_received_bytes_total', onto), 'in requests'),
        query(rate('istio_tcp_sent_bytes_total', onto), 'in responses'),
      ],
    }),
    table({
      title: 'Workloads behind it',
      labels: {
        destination_workload_namespace: 'Namespace',
        destination_workload: 'Workload',
        destination_version: 'Version',
      },
      columns: ((by) => [
        { title: 'Requests', unit: 'reqps', expr: requests(onto, by) },
        { title: 'Failed', unit: 'percentunit', expr: errorRatio(onto, by), limits: [0.01, 0.05] },
        { title: 'p99', unit: 'ms', expr: duration(0.99, onto, by) },
        { title: 'Connections', unit: 'cps', expr: rate('istio_tcp_connections_opened_total', onto, by) },
      ])('destination_workload_namespace, destination_workload, destination_version'),
      height: 7,
    }),
  ],
});
