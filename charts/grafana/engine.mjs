// SPDX-License-Identifier: Apache-2.0
import { COLOURS, choice, dashboard, figure, heading, lines, query, states, table } from './panels.mjs';

const WINDOW = '[$__rate_interval]';
/** What an agent says of itself bears the target it was scraped from. */
const agent = 'instance=~"$agent"';
/** Engines as figures, to be drawn over time. */
const CODES = { off: 1, 'dual-engine': 2, 'kernel-native': 3 };
const words = Object.fromEntries(
  Object.entries(CODES).map(([engine, code]) => [code, { text: engine, color: COLOURS.engines[engine] }]),
);
const engines = (state) =>
  Object.entries(CODES)
    .map(
      ([engine, code]) =>
        `${code} * undermesh_node_engine{state="${state}",engine="${engine}",node=~"$node"}`,
    )
    .join(' or ');
const switchTime = (quantile) =>
  `histogram_quantile(${quantile}, sum by (le) (rate(undermesh_engine_switch_seconds_bucket[1h])))`;

/** What steers, and whether it is what was asked for. */
export const engine = dashboard({
  uid: 'engine',
  title: 'Nodes and engines',
  about:
    'The engine of each node, as it is desired and as its kernel says; what it steers, drains and refuses.',
  choices: [
    choice({ name: 'node', label: 'Node', of: 'node', from: 'undermesh_node_engine' }),
    choice({ name: 'agent', label: 'Agent', of: 'instance', from: 'undermesh_agent_engine_generation' }),
  ],
  panels: [
    figure({
      title: 'Nodes',
      expr: 'count(undermesh_node_reporting{node=~"$node"})',
      width: 6,
      decimals: 0,
    }),
    figure({
      title: 'Not as desired',
      about: 'Nodes whose kernel runs another engine than the one that was ordered.',
      expr: 'count(undermesh_node_engine{state="desired",node=~"$node"} unless on (node, engine) undermesh_node_engine{state="observed"}) or vector(0)',
      limits: [1],
      width: 6,
      decimals: 0,
    }),
    figure({
      title: 'Drift',
      about: 'Nodes where something in the kernel is not as it was put.',
      expr: 'sum(undermesh_engine_drift{node=~"$node"})',
      limits: [1],
      width: 6,
      decimals: 0,
    }),
    figure({
      title: 'Connections steered, open',
      expr: `sum(undermesh_agent_engine_open_connections{${agent}}) or vector(0)`,
      width: 6,
      decimals: 0,
    }),
    states({ title: 'Observed engine', queries: [query(engines('observed'), '{{node}}')], words }),
    states({ title: 'Desired engine', queries: [query(engines('desired'), '{{node}}')], words }),
    heading('Switching'),
    lines({
      title: 'From the order to the readback',
      about: 'Of the switches of an hour.',
      unit: 's',
      queries: [query(switchTime(0.5), 'p50'), query(switchTime(0.99), 'p99')],
    }),
    lines({
      title: 'Open connections by generation',
      about: 'A connection stays with what steered it; older generations drain.',
      stacked: true,
      queries: [
        query(
          `sum by (generation) (undermesh_agent_engine_open_connections{${agent}})`,
          'generation {{generation}}',
        ),
      ],
    }),
    heading('Steering'),
    lines({
      title: 'What engines did',
      about: 'Connects and datagrams, by what became of them.',
      unit: 'cps',
      queries: [
        query(`sum by (event) (rate(undermesh_agent_mesh_events_total{${agent}}${WINDOW})) > 0`, '{{event}}'),
      ],
    }),
    lines({
      title: 'Map entries written',
      about: 'One changed endpoint writes only its own.',
      unit: 'ops',
      queries: [
        query(
          `sum by (instance) (rate(undermesh_agent_mesh_entries_written_total{${agent}}${WINDOW}))`,
          '{{instance}}',
        ),
      ],
    }),
    lines({
      title: 'Problems of the configuration',
      about:
        'What cannot be used (error) or is left out (warning); the last good configuration stays in force.',
      queries: [query(`sum by (severity) (undermesh_agent_mesh_problems{${agent}})`, '{{severity}}')],
      colours: { error: COLOURS.critical, warning: COLOURS.warning },
    }),
    lines({
      title: 'Attachments, there and expected',
      queries: [query(`sum by (state) (undermesh_agent_engine_links{${agent}})`, '{{state}}')],
    }),
    table({
      title: 'Maps',
      labels: { instance: 'Agent', map: 'Map' },
      columns: [
        {
          title: 'Full',
          unit: 'percentunit',
          expr: `undermesh_agent_map_entries{${agent}} / undermesh_agent_map_max_entries{${agent}}`,
          limits: [0.8, 0.95],
        },
        {
          title: 'Entries',
          unit: 'short',
          expr: `sum by (instance, map) (undermesh_agent_map_entries{${agent}})`,
        },
        {
          title: 'Room',
          unit: 'short',
          expr: `sum by (instance, map) (undermesh_agent_map_max_entries{${agent}})`,
        },
        {
          title: 'Memory',
          unit: 'bytes',
          expr: `sum by (instance, map) (undermesh_agent_map_memory_bytes{${agent}})`,
        },
      ],
    }),
  ],
});
