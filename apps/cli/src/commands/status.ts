// SPDX-License-Identifier: Apache-2.0
import type { Node, Status } from '@undermesh/schema';
import type { Command } from 'commander';
import type { Host } from '../host.js';
import { type CommonOptions, clientOf } from '../options.js';
import { printJson } from '../output/json.js';
import type { Line } from '../output/line.js';
import { type Column, table } from '../output/table.js';
import {
  ABSENT,
  formatBytes,
  formatNumber,
  formatRate,
  formatShare,
  formatSpan,
  listed,
} from '../words/figures.js';
import { lossWords } from '../words/names.js';
import { byCount } from '../words/traffic.js';

/** Adds `undermesh status`. */
export function addStatus(program: Command, host: Host): void {
  program
    .command('status')
    .description('how the mesh is observed: nodes, records made, stored and lost, the store')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const client = clientOf(host, options);
      const { terminal } = host;
      const [status, nodes] = await Promise.all([client.get('status'), client.get('nodes')]);
      if (options.output === 'json') return printJson(terminal, status);
      terminal.print(statusLines(status, nodes.items, terminal.columns));
    });
}

/** Everything that `status` tells, as lines at most `width` columns wide. */
export function statusLines(status: Status, nodes: readonly Node[], width: number | null): Line[] {
  const now = Date.parse(status.now);
  return [
    headline(status, now),
    [],
    ...facts(status, now),
    [],
    [{ text: 'Records of connection ends', style: 'bold' }],
    ...table(LEDGER, ledger(status), width),
    ...(nodes.length === 0 ? [] : [[], ...table(nodeColumns(now), nodes, width)]),
  ];
}

const secondsSince = (time: string, now: number): number => Math.max(0, (now - Date.parse(time)) / 1000);

function headline({ version, cluster, startedAt }: Status, now: number): Line {
  return [
    { text: 'Undermesh', style: 'bold' },
    ` ${version}, cluster ${cluster}, collector up ${formatSpan(secondsSince(startedAt, now))}`,
  ];
}

function facts(status: Status, now: number): Line[] {
  const { rates, store, openConnections, observerCpuShare } = status;
  const label = (text: string): Line[number] => ({ text: text.padEnd(13), style: 'dim' });
  const isWell = store.state === 'ok';
  const holds = [
    `${formatNumber(store.rows)} records`,
    ...(store.bytes === null ? [] : [formatBytes(store.bytes)]),
    ...(store.oldest === null ? [] : [`back ${formatSpan(secondsSince(store.oldest, now))}`]),
  ];
  return [
    [label('Nodes'), ...nodesFact(status, now)],
    [
      label('Connections'),
      `${formatNumber(openConnections)} open, ${formatRate(rates.connectionsPerSecond)} opened per second`,
    ],
    [
      label('Store'),
      `${store.driver}, `,
      { text: isWell ? 'ok' : `▲ ${store.state}`, style: isWell ? undefined : 'yellow' },
      `: ${holds.join(', ')} of at most ${formatSpan(store.retentionSeconds)}`,
    ],
    ...(store.message === null ? [] : [[label(''), { text: store.message, style: 'yellow' as const }]]),
    [
      label('Cost'),
      observerCpuShare === null
        ? `${ABSENT} (not known yet)`
        : `${formatShare(observerCpuShare)} of one core, agents and their eBPF programs`,
    ],
  ];
}

function nodesFact({ nodes }: Status, now: number): Line {
  if (nodes.total === 0) return ['none: no agent has reported yet'];
  const reporting = `${formatNumber(nodes.reporting)} of ${formatNumber(nodes.total)} reporting`;
  if (nodes.silent.length === 0) return [reporting];
  const names = nodes.silent.map(({ name, lastSeenAt }) =>
    lastSeenAt === null ? name : `${name} (last heard of ${formatSpan(secondsSince(lastSeenAt, now))} ago)`,
  );
  return [`${reporting}, `, { text: `◌ silent: ${listed(names)}`, style: 'yellow' }];
}

interface LedgerRow {
  readonly name: string;
  readonly count: number;
  readonly remark: string;
  readonly isLoud?: boolean;
}

const LEDGER: readonly Column<LedgerRow>[] = [
  { header: '', cell: ({ name }) => [{ text: name, style: 'dim' }] },
  { header: '', align: 'right', cell: ({ count }) => [formatNumber(count)] },
  { header: '', cell: ({ remark, isLoud }) => [{ text: remark, style: isLoud === true ? 'yellow' : 'dim' }] },
];

/** made = stored + lost + waiting; what was counted a moment apart has a row of its own. */
function ledger({ records, rates }: Status): LedgerRow[] {
  const losses = byCount(records.lost);
  const lost = losses.reduce((sum, [, count]) => sum + count, 0);
  const moving = records.made - records.stored - lost - records.waiting;
  return [
    { name: 'made', count: records.made, remark: `${formatRate(rates.recordsPerSecond)} per second arrive` },
    { name: '= stored', count: records.stored, remark: '' },
    {
      name: '+ lost',
      count: lost,
      remark: listed(losses.map(([reason, count]) => `${formatNumber(count)} ${lossWords(reason)}`)),
      isLoud: lost > 0,
    },
    { name: '+ waiting', count: records.waiting, remark: '' },
    ...(moving === 0 ? [] : [{ name: '+ on the way', count: moving, remark: 'counted a moment apart' }]),
  ];
}

const nodeColumns = (now: number): Column<Node>[] => [
  { header: 'Node', elastic: true, cell: ({ name }) => [name] },
  { header: 'State', cell: (node) => nodeState(node, now) },
  { header: 'Kernel', minor: 3, elastic: true, cell: ({ kernel }) => [kernel?.release ?? ABSENT] },
  { header: 'Agent', minor: 4, cell: ({ agent }) => [agent?.version ?? ABSENT] },
  { header: 'Engine', minor: 5, cell: ({ engine }) => [engine.observed ?? ABSENT] },
  { header: 'Open', align: 'right', minor: 1, cell: ({ connections }) => [formatNumber(connections.open)] },
  {
    header: 'Opened/s',
    align: 'right',
    minor: 1,
    cell: ({ connections }) => [formatRate(connections.openedPerSecond)],
  },
  { header: 'Made', align: 'right', cell: ({ records }) => [formatNumber(records.made)] },
  { header: 'Stored', align: 'right', cell: ({ records }) => [formatNumber(records.stored)] },
  { header: 'Waiting', align: 'right', minor: 2, cell: ({ records }) => [formatNumber(records.waiting)] },
  {
    header: 'Lost',
    align: 'right',
    cell: ({ records }) => {
      const lost = byCount(records.lost).reduce((sum, [, count]) => sum + count, 0);
      return [{ text: formatNumber(lost), style: lost > 0 ? 'yellow' : undefined }];
    },
  },
];

function nodeState({ state, lastSeenAt, clockSkewMs }: Node, now: number): Line {
  if (state === 'never') return [{ text: '◌ never heard of', style: 'dim' }];
  if (state === 'silent') {
    const since = lastSeenAt === null ? '' : ` for ${formatSpan(secondsSince(lastSeenAt, now))}`;
    return [{ text: `◌ silent${since}`, style: 'yellow' }];
  }
  if (clockSkewMs !== null && Math.abs(clockSkewMs) > 1000) {
    const off = `${formatSpan(Math.abs(clockSkewMs) / 1000)} ${clockSkewMs > 0 ? 'ahead' : 'behind'}`;
    return [{ text: `▲ clock ${off}`, style: 'yellow' }];
  }
  return ['reporting'];
}
