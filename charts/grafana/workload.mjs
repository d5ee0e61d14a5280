// SPDX-License-Identifier: Apache-2.0
import { choice, dashboard, heading, lines, query } from './panels.mjs';
import {
  DESTINATION,
  duration,
  errorRatio,
  QUANTILES,
  quantileName,
  rate,
  requests,
  SOURCE,
} from './traffic.mjs';

const chosen = (side) => `${side}_workload_namespace=~"$namespace",${side}_workload=~"$workload"`;
/** What comes in is told best by itself, what goes out too: each end sees its own. */
const inbound = `reporter="destination",${chosen('destination')}`;
const outbound = `reporter="source",${chosen('source')}`;

/** The panels of one direction. */
const direction = ({ title, matchers, other, legend }) => [
  heading(title),
  lines({
    title: 'Requests',
    unit: 'reqps',
    stacked: true,
    width: 8,
    queries: [query(requests(matchers, other), legend)],
  }),
  lines({
    title: 'Failed requests',
    unit: 'percentunit',
    width: 8,
    queries: [query(errorRatio(matchers, other), legend)],
  }),
  lines({
    title: 'Request duration',
    unit: 'ms',
    width: 8,
    queries: QUANTILES.map((quantile) => query(duration(quantile, matchers), quantileName(quantile))),
  }),
  lines({
    title: 'Connections opened',
    unit: 'cps',
    stacked: true,
    width: 8,
    queries: [query(rate('istio_tcp_connections_opened_total', matchers, other), legend)],
  }),
  lines({
    title: 'Connections open',
    about: 'Opened less closed, since the collector began to count.',
    width: 8,
    queries: [
      query(
        `sum by (${other}) (istio_tcp_connections_opened_total{${matchers}}) - sum by (${other}) (istio_tcp_connections_closed_total{${matchers}})`,
        legend,
      ),
    ],
  }),
  lines({
    title: 'Bytes',
    unit: 'Bps',
    width: 8,
    queries: [
      query(rate('istio_tcp_received_bytes_total', matchers), 'in requests'),
      query(rate('istio_tcp_sent_bytes_total', matchers), 'in responses'),
    ],
  }),
];

/** Both sides of one workload. */
export const workload = dashboard({
  uid: 'workload',
  title: 'Workload',
  about: 'One workload: who calls it, and whom it calls.',
  choices: [
    choice({
      name: 'namespace',
      label: 'Namespace',
      of: 'source_workload_namespace',
      from: 'istio_tcp_connections_opened_total{source_workload_namespace!="unknown"}',
      one: true,
    }),
    choice({
      name: 'workload',
      label: 'Workload',
      of: 'source_workload',
      from: 'istio_tcp_connections_opened_total{source_workload_namespace=~"$namespace"}',
      one: true,
    }),
  ],
  panels: [
    ...direction({
      title: 'Whom it calls',
      matchers: outbound,
      other: DESTINATION,
      legend: '{{destination_workload_namespace}}/{{destination_workload}}',
    }),
    ...direction({
      title: 'Who calls it',
      matchers: inbound,
      other: SOURCE,
      legend: '{{source_workload_namespace}}/{{source_workload}}',
    }),
    heading('What fails to connect'),
    lines({
      title: 'Failed connects, by whom it called and reason',
      unit: 'cps',
      width: 24,
      queries: [
        query(
          rate('undermesh_connect_failures_total', chosen('source'), `${DESTINATION}, reason`),
          '{{destination_workload}}: {{reason}}',
        ),
      ],
    }),
  ],
});
