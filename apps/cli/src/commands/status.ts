// SPDX-License-Identifier: Apache-2.0
import type { Node, RequestBalance, Status } from '@undermesh/schema';
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
    ...table(ledgerColumns(status), ledger(status), width),
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
      `${formatNumber(openConnections)} open, ${formatRate(rates.connectionsPerSecond)} opened per second; ${formatRate(rates.recordsPerSecond)} records per second`,
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

type Balance = Omit<RequestBalance, 'lost'> & { readonly lost: Readonly<Record<string, number | undefined>> };

/** One line of the books: of connection ends, and of HTTP requests where any agent reads them. */
interface LedgerRow {
  readonly name: string;
  readonly ends: number;
  readonly requests: number | null;
  readonly isLoud?: boolean;
}

const lostOf = ({ lost }: Pick<Balance, 'lost'>): number =>
  byCount(lost).reduce((sum, [, count]) => sum + count, 0);
/** Counted a moment apart from the rest. */
const movingOf = (of: Balance): number => of.made - of.stored - lostOf(of) - of.waiting;

/** made = stored + lost + waiting, losses by reason. */
function ledger({ records, requests }: Status): LedgerRow[] {
  const row = (name: string, figure: (of: Balance) => number): LedgerRow => ({
    name,
    ends: figure(records),
    requests: requests === null ? null : figure(requests),
  });
  const reasons = new Set(
    [...byCount(records.lost), ...byCount(requests?.lost ?? {})].map(([reason]) => reason),
  );
  const moving = row('+ on the way', movingOf);
  return [
    row('made', ({ made }) => made),
    row('= stored', ({ stored }) => stored),
    { ...row('+ lost', lostOf), isLoud: reasons.size > 0 },
    ...[...reasons].map((reason) => row(`    ${lossWords(reason)}`, ({ lost }) => lost[reason] ?? 0)),
    row('+ waiting', ({ waiting }) => waiting),
    ...(moving.ends === 0 && (moving.requests ?? 0) === 0 ? [] : [moving]),
  ];
}

const ledgerColumns = ({ requests }: Status): Column<LedgerRow>[] => [
  {
    header: 'Records',
    cell: ({ name, isLoud }) => [{ text: name, style: isLoud === true ? 'yellow' : 'dim' }],
  },
  { header: 'Connection ends', align: 'right', cell: ({ ends }) => [formatNumber(ends)] },
  ...(requests === null
    ? []
    : [
        {
          header: 'HTTP requests',
          align: 'right' as const,
          cell: (row: LedgerRow) => [formatNumber(row.requests)],
        },
      ]),
];

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
      const lost = lostOf(records);
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
