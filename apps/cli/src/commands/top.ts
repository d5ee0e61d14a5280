// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import { UndermeshError } from '@undermesh/core';
import {
  type Edge,
  LEVELS,
  type Level,
  type Status,
  type Topology,
  type Traffic,
  type Vertex,
} from '@undermesh/schema';
import { type Command, Option } from 'commander';
import type { Client } from '../api/client.js';
import { happenedIn } from '../errors.js';
import type { Host } from '../host.js';
import { type CommonOptions, clientOf, limitOption, systemOption, windowOption } from '../options.js';
import { printJson } from '../output/json.js';
import type { Line } from '../output/line.js';
import { onKey, Screen } from '../output/screen.js';
import { table } from '../output/table.js';
import type { Terminal } from '../output/terminal.js';
import { edgeColumns } from '../words/edge-columns.js';
import { formatNumber, formatRate, formatSpan, formatTime, plural } from '../words/figures.js';
import { missingNodesLine } from '../words/missing-nodes.js';
import { attempts, totalBytes } from '../words/traffic.js';
import { vertexColumns } from '../words/vertex-columns.js';

/** What is ranked, and what counts as much. */
const ORDERS = {
  connects: attempts,
  failures: (traffic: Traffic) => traffic.failed.total + traffic.broken.total,
  requests: (traffic: Traffic) => traffic.requests?.total ?? 0,
  data: totalBytes,
  open: (traffic: Traffic) => traffic.open,
} as const;
type Order = keyof typeof ORDERS;
const ORDER_NAMES = Object.keys(ORDERS) as Order[];

interface TopOptions extends CommonOptions {
  readonly window: number;
  readonly level: Level;
  readonly order: Order;
  readonly limit: number;
  readonly once?: boolean;
  readonly system?: boolean;
}

const REFRESH_MS = 2000;

/** Adds `undermesh top`. */
export function addTop(program: Command, host: Host): void {
  program
    .command('top')
    .description('the busiest edges and workloads, live; once when not on a terminal')
    .option('--once', 'print once and end')
    .addOption(new Option('--order <order>', 'by what').choices(ORDER_NAMES).default('connects'))
    .addOption(new Option('--level <level>', 'of what').choices(LEVELS).default('workload'))
    .addOption(windowOption('60s'))
    .addOption(limitOption(10))
    .addOption(systemOption())
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<TopOptions>();
      const { terminal } = host;
      const client = clientOf(host, options);
      const first = await look(client, options);
      if (options.output === 'json') return printJson(terminal, first.topology);
      if (options.once !== true && terminal.isInteractive) return watch(first, { client, options, terminal });
      const { limit, order } = options;
      terminal.print(topLines(first, { order, edges: limit, vertices: limit, width: terminal.columns }));
    });
}

interface Look {
  readonly status: Status;
  readonly topology: Topology;
}

async function look(client: Client, options: TopOptions, signal?: AbortSignal): Promise<Look> {
  const { window, level, system } = options;
  const [status, topology] = await Promise.all([
    client.get('status', {}, signal),
    client.get('topology', { window, level, system, legs: true }, signal),
  ]);
  return { status, topology };
}

export interface TopView {
  readonly order: Order;
  /** Rows of each table at most. */
  readonly edges: number;
  readonly vertices: number;
  readonly width: number | null;
}

/** What `top` shows of one moment. */
export function topLines({ status, topology }: Look, view: TopView): Line[] {
  const { window, edges, vertices, hidden, missingNodes } = topology;
  const now = Date.parse(status.now);
  const volume = ORDERS[view.order];
  // Requests count on joined edges, connections and their bytes on legs.
  const counted = edges.filter(({ via, leg }) =>
    view.order === 'requests' ? leg === null || leg.joined === 0 : via === null,
  );
  const topEdges = ranked(counted, view.edges, ({ traffic }: Edge) => volume(traffic));
  const topVertices = ranked(
    vertices,
    view.vertices,
    ({ inbound, outbound }: Vertex) => volume(inbound) + volume(outbound),
  );
  const rest = counted.length + hidden.edges - topEdges.length;
  const more = rest === 0 ? '' : `; ${plural(rest, 'more edge')} not shown`;
  return [
    [
      { text: formatTime(status.now, now), style: 'bold' },
      `  ${formatRate(status.rates.connectionsPerSecond)} connections opened per second, ${formatNumber(status.openConnections)} open, ` +
        `${status.nodes.reporting} of ${status.nodes.total} nodes report`,
    ],
    ...missingNodesLine(missingNodes),
    [{ text: `Over ${formatSpan(window.seconds)}, by ${view.order}${more}.`, style: 'dim' }],
    [],
    [{ text: 'Edges', style: 'bold' }],
    ...table(edgeColumns(window, now, topEdges), topEdges, view.width),
    [],
    [{ text: TITLES[topology.level], style: 'bold' }],
    ...table(vertexColumns(window, topVertices), topVertices, view.width),
  ];
}

const TITLES = {
  namespace: 'Namespaces',
  service: 'Services',
  workload: 'Workloads',
  node: 'Nodes',
} as const;
/** Lines of {@link topLines} and of the foot that are no rows. */
const FRAME_LINES = 10;

const ranked = <T extends { readonly id: string }>(
  all: readonly T[],
  most: number,
  volume: (one: T) => number,
): T[] =>
  [...all].sort((a, b) => volume(b) - volume(a) || (a.id < b.id ? -1 : 1)).slice(0, Math.max(0, most));

interface Watched {
  readonly client: Client;
  readonly options: TopOptions;
  readonly terminal: Terminal;
}

/** Shows the mesh on the whole terminal until q, Ctrl-C or a signal; the terminal is as before afterwards. */
async function watch(first: Look, { client, options, terminal }: Watched): Promise<void> {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  let { order } = options;
  let last = first;
  let trouble: string | null = null;
  const screen = new Screen(terminal);
  const draw = (): void => screen.draw(screenLines(last, { order, trouble, terminal }));
  const undo = [
    () => screen.close(),
    onKey(terminal, (key) => {
      if (key === 'q') stop();
      if (key === 's') {
        order = ORDER_NAMES[(ORDER_NAMES.indexOf(order) + 1) % ORDER_NAMES.length] ?? order;
        draw();
      }
    }),
    terminal.onResize(draw),
    ...(['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
      process.once(signal, stop);
      return () => void process.off(signal, stop);
    }),
  ];
  try {
    for (;;) {
      draw();
      await pause(REFRESH_MS, undefined, { signal: stopped.signal });
      try {
        last = await look(client, options, stopped.signal);
        trouble = null;
      } catch (error) {
        if (!(error instanceof UndermeshError) || !isPassing(error)) throw error;
        trouble = happenedIn(error);
      }
    }
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
  } finally {
    for (const step of undo.reverse()) step();
  }
}

/** Trouble that may be over at the next look. */
const isPassing = ({ code, status }: UndermeshError): boolean =>
  code === 'unreachable' || (code !== 'answer_invalid' && status >= 500);

function screenLines(
  last: Look,
  { order, trouble, terminal }: { order: Order; trouble: string | null; terminal: Terminal },
): Line[] {
  const room = Math.max(2, terminal.rows - FRAME_LINES - (last.topology.missingNodes.length > 0 ? 1 : 0));
  const edges = Math.ceil(room / 2);
  const body = topLines(last, { order, edges, vertices: room - edges, width: terminal.columns });
  const filled = Math.max(0, terminal.rows - 1 - body.length);
  const foot: Line =
    trouble === null
      ? [{ text: 'q quit   s order', style: 'dim' }]
      : [
          {
            text: `▲ As of ${formatTime(last.status.now, Date.now())}. ${trouble}   q quit`,
            style: 'yellow',
          },
        ];
  return [...body.slice(0, terminal.rows - 1), ...Array.from({ length: filled }, (): Line => []), foot];
}
