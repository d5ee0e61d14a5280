// SPDX-License-Identifier: Apache-2.0
// What a same-node short-cut would save: CPU per exchange of messages between two processes whose sockets are joined ÷ the
// same over plain TCP, by the size of the messages. It is not offered: docs/decisions/0012.
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { workCpuUs } from './cpu.js';
import { type Echo, startEcho } from './echo.js';
import { joinCgroup } from './joined-cgroup.js';
import { measureRounds, overRounds } from './rounds.js';
import { noiseFloor } from './statistics.js';
import { loadNamespace, type Testbed, withTestbed } from './testbed.js';

const KIB = 1024;
const SIZES = [64, 512, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1024 * KIB];

const ARMS = ['plain', 'joined', 'again'] as const;
type Arm = (typeof ARMS)[number];

/** How much is measured. */
export interface ShortcutSize {
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly milliseconds: number;
}

/** Per exchange, both directions: CPU of both ends and of the kernel, and time from one to the next, microseconds. */
interface Slice {
  readonly cpuUs: number;
  readonly tripUs: number;
}

interface Bed {
  readonly app: string;
  readonly echo: Echo;
}

async function slice({ app, echo }: Bed, arm: Arm, bytes: number, milliseconds: number): Promise<Slice> {
  const sockets = arm === 'joined' ? joinCgroup(app) : undefined;
  try {
    const before = workCpuUs(app);
    const { exchanges, elapsedNs } = await echo.run(bytes, milliseconds);
    const cpuUs = (workCpuUs(app) - before) / exchanges;
    if (sockets !== undefined && sockets.redirected() < 2 * exchanges)
      throw new Error(
        `of ${2 * exchanges} messages of ${bytes} bytes ${sockets.redirected()} were redirected`,
      );
    return { cpuUs, tripUs: elapsedNs / 1e3 / exchanges };
  } finally {
    sockets?.close();
  }
}

const nameOf = (bytes: number): string =>
  bytes < KIB ? `${bytes} B` : bytes < KIB * KIB ? `${bytes / KIB} KiB` : `${bytes / KIB / KIB} MiB`;

async function sizeRows(bed: Bed, bytes: number, { rounds, milliseconds }: ShortcutSize): Promise<Row[]> {
  const done = await measureRounds({ arms: ARMS, rounds }, (arm) => slice(bed, arm, bytes, milliseconds));
  const floor = overRounds(done, ({ again, plain }) => again.cpuUs / plain.cpuUs);
  const middle = (arm: Arm, member: keyof Slice) => overRounds(done, (round) => round[arm][member]).value;
  const cpu = (arm: Arm) => `${middle(arm, 'cpuUs').toFixed(1)} µs`;
  const trip = middle('joined', 'tripUs') / middle('plain', 'tripUs');
  return [
    row(
      `${nameOf(bytes)}: CPU per exchange, joined ÷ plain`,
      '×',
      overRounds(done, ({ joined, plain }) => joined.cpuUs / plain.cpuUs),
      {
        noise: noiseFloor(floor),
        budget: BUDGETS.shortcut,
        note: `${cpu('joined')} and ${cpu('plain')}; round trip ${trip.toFixed(2)} × ${middle('plain', 'tripUs').toFixed(1)} µs`,
      },
    ),
  ];
}

/** A row for each size. */
export async function measureShortcut(
  testbed: Testbed,
  size: ShortcutSize,
  say: Mode['say'],
): Promise<Row[]> {
  const app = testbed.cgroup('app');
  const echo = await startEcho(testbed, { namespace: await loadNamespace(testbed), cgroup: app });
  try {
    const rows: Row[] = [];
    for (const bytes of size.sizes) {
      say(`${nameOf(bytes)}: ${ARMS.length} arms, ${size.rounds} rounds of ${size.milliseconds} ms each`);
      rows.push(...(await sizeRows({ app, echo }, bytes, size)));
    }
    return rows;
  } finally {
    await echo.stop();
  }
}

/** A budget row of the design that no product feature is held to. */
export const shortcut: Benchmark = {
  name: 'shortcut',
  title: 'Same-node short-cut, an experiment: CPU per exchange by size',
  run: ({ quick, say }) =>
    withTestbed('shortcut', (testbed) =>
      measureShortcut(
        testbed,
        { sizes: SIZES, ...(quick ? { rounds: 5, milliseconds: 200 } : { rounds: 12, milliseconds: 350 }) },
        say,
      ),
    ),
};
