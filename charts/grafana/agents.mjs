// SPDX-License-Identifier: Apache-2.0
import { COLOURS, choice, dashboard, figure, heading, lines, query, states } from './panels.mjs';

const WINDOW = '[$__rate_interval]';
const agent = 'instance=~"$agent"';
const each = (metric) => query(`${metric}{${agent}}`, '{{instance}}');
const share = (used, limit) => query(`${used}{${agent}} / ${limit}{${agent}}`, '{{instance}}');

/** Whether what observes is well itself: made = stored + lost + waiting. */
export const agents = dashboard({
  uid: 'agents',
  title: 'Agents and collector',
  about: 'Whether the record of the mesh is whole: made = stored + lost + waiting; what observing costs.',
  choices: [
    choice({ name: 'agent', label: 'Agent', of: 'instance', from: 'undermesh_agent_ends_made_total' }),
  ],
  panels: [
    figure({
      title: 'Records made',
      unit: 'cps',
      expr: `rate(undermesh_records_made_total${WINDOW})`,
      width: 6,
    }),
    figure({
      title: 'Stored',
      unit: 'cps',
      expr: `rate(undermesh_records_stored_total${WINDOW})`,
      width: 6,
    }),
    figure({
      title: 'Lost in the time shown',
      expr: 'sum(increase(undermesh_records_lost_total[$__range]))',
      limits: [1],
      width: 6,
      decimals: 0,
    }),
    figure({
      title: 'Waiting',
      about: 'Made, and neither stored nor counted as lost: in rings, in memory, on disk, on the way.',
      expr: 'undermesh_records_waiting',
      width: 6,
      decimals: 0,
    }),
    states({
      title: 'Reporting',
      queries: [query('undermesh_node_reporting', '{{node}}')],
      words: {
        0: { text: 'silent', color: COLOURS.critical },
        1: { text: 'reporting', color: COLOURS.ok },
      },
    }),
    lines({
      title: 'Lost by reason',
      unit: 'cps',
      stacked: true,
      queries: [query(`sum by (reason) (rate(undermesh_records_lost_total${WINDOW}))`, '{{reason}}')],
    }),
    lines({
      title: 'HTTP requests lost by reason',
      unit: 'cps',
      stacked: true,
      queries: [query(`sum by (reason) (rate(undermesh_requests_lost_total${WINDOW}))`, '{{reason}}')],
    }),
    heading('Agents'),
    lines({
      title: 'CPU',
      about: 'Of one core.',
      unit: 'percentunit',
      width: 8,
      queries: [query(`rate(undermesh_agent_process_cpu_seconds_total{${agent}}${WINDOW})`, '{{instance}}')],
    }),
    lines({
      title: 'Memory',
      unit: 'bytes',
      width: 8,
      queries: [each('undermesh_agent_process_resident_memory_bytes')],
    }),
    lines({
      title: 'Records',
      unit: 'cps',
      width: 8,
      queries: [query(`rate(undermesh_agent_records_read_total{${agent}}${WINDOW})`, '{{instance}}')],
    }),
    lines({
      title: 'Ring, share filled at its fullest',
      unit: 'percentunit',
      width: 6,
      max: 1,
      queries: [share('undermesh_agent_ring_peak_filled_bytes', 'undermesh_agent_ring_size_bytes')],
    }),
    lines({
      title: 'Ring read late, share of the time',
      unit: 'percentunit',
      width: 6,
      queries: [query(`rate(undermesh_agent_loop_late_seconds_total{${agent}}${WINDOW})`, '{{instance}}')],
    }),
    lines({
      title: 'Memory for frames, share taken',
      unit: 'percentunit',
      width: 6,
      max: 1,
      queries: [share('undermesh_agent_backlog_bytes', 'undermesh_agent_backlog_limit_bytes')],
    }),
    lines({
      title: 'Spool, share taken',
      unit: 'percentunit',
      width: 6,
      max: 1,
      queries: [share('undermesh_agent_spool_bytes', 'undermesh_agent_spool_limit_bytes')],
    }),
    lines({
      title: 'Reconnects',
      unit: 'cps',
      width: 8,
      queries: [query(`rate(undermesh_agent_uplink_reconnects_total{${agent}}${WINDOW})`, '{{instance}}')],
    }),
    lines({
      title: 'Hooks attached',
      width: 8,
      queries: [query(`sum by (instance) (undermesh_agent_hook_attached{${agent}})`, '{{instance}}')],
    }),
    lines({
      title: 'Sockets without room',
      about: 'Connections that could not be followed.',
      unit: 'cps',
      width: 8,
      queries: [query(`rate(undermesh_agent_storage_failures_total{${agent}}${WINDOW})`, '{{instance}}')],
    }),
    heading('Collector'),
    lines({
      title: 'Records taken',
      unit: 'cps',
      width: 6,
      queries: [query(`rate(undermesh_ingest_records_total${WINDOW})`, 'records')],
    }),
    lines({
      title: 'CPU',
      about: 'Of one core.',
      unit: 'percentunit',
      width: 6,
      queries: [query(`rate(process_cpu_seconds_total{job=~".*undermesh.*"}${WINDOW})`, '{{instance}}')],
    }),
    lines({
      title: 'Memory',
      about: 'Of the process, and of that the store’s database.',
      unit: 'bytes',
      width: 6,
      queries: [
        query('process_resident_memory_bytes{job=~".*undermesh.*"}', '{{instance}}'),
        query('undermesh_store_memory_bytes', 'database'),
      ],
    }),
    lines({
      title: 'Not yet durable',
      unit: 'bytes',
      width: 6,
      queries: [query('undermesh_ingest_in_flight_bytes', 'in flight')],
    }),
    lines({
      title: 'Event loop, p99 lag',
      unit: 's',
      width: 8,
      queries: [query('nodejs_eventloop_lag_p99_seconds{job=~".*undermesh.*"}', '{{instance}}')],
    }),
    lines({
      title: 'Disk',
      unit: 'bytes',
      width: 8,
      queries: [query('undermesh_store_bytes', 'records'), query('undermesh_rollup_bytes', 'roll-ups')],
    }),
    lines({
      title: 'Label sets that found no room',
      unit: 'short',
      width: 8,
      queries: [query('undermesh_series_overflow_total', 'over the limit')],
    }),
  ],
});
