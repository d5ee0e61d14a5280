// SPDX-License-Identifier: Apache-2.0
// The kernel-native engine in time: short connections and requests over kept ones, routed by the kernel module ÷ plain TCP,
// beside HAProxy with one and two hops. It needs real hardware with the module loaded; without it nothing is measured, and
// that is said.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { bootstrapMedian, median, noiseFloor } from './statistics.js';
import { loadNamespace, type Testbed, withTestbed } from './testbed.js';

const MODULE = '/sys/module/undermesh';

/** Where HAProxy is. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** What `cost timed` of kmod/test/cost tells of a way in a round, nanoseconds. */
interface Time {
  readonly way: string;
  readonly kind: string;
  readonly head: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

const KINDS = [
  { kind: 'short', what: 'short connection', budget: BUDGETS.nativeConnection },
  { kind: 'kept', what: 'request over a kept connection', budget: BUDGETS.nativeRequest },
] as const;

const NAMES: Readonly<Record<string, string>> = {
  deferred: 'kernel-native',
  'deferred-alternating': 'kernel-native, each request elsewhere,',
  'haproxy-one': 'one hop',
  'haproxy-two': 'two hops',
};

/** @returns undefined for a line that is none */
function readTime(line: string): Time | undefined {
  const [word, way = '', kind = '', ...numbers] = line.split(' ');
  const [head = 0, mean = 0, p50 = 0, p99 = 0] = numbers.map(Number);
  return word === 'cost' ? { way, kind, head, mean, p50, p99 } : undefined;
}

/** Rows for one kind and one length of heads; rounds are in the order in which they were made. */
function rowsOf(times: readonly Time[], { what, budget }: (typeof KINDS)[number], head: number): Row[] {
  const of = (way: string) => times.filter((time) => time.way === way);
  const plain = of('plain');
  const ratios = (way: string) =>
    bootstrapMedian(of(way).map((time, i) => time.mean / (plain[i]?.mean ?? Number.NaN)));
  const micros = (way: string, member: 'p50' | 'p99') =>
    (median(of(way).map((time) => time[member])) / 1e3).toFixed(1);
  const noise = noiseFloor(ratios('plain-again'));
  return Object.entries(NAMES).map(([way, name]) =>
    row(`${what}, head of ${head} bytes, ${name} ÷ plain TCP`, '×', ratios(way), {
      noise,
      ...(way === 'deferred' ? { budget } : {}),
      note: `p50 ${micros(way, 'p50')} µs, p99 ${micros(way, 'p99')} µs; plain TCP ${micros('plain', 'p50')} and ${micros('plain', 'p99')}`,
    }),
  );
}

/** What builds the program and its BPF programs: JavaScript without declarations. */
interface Builders {
  fetchLibbpf(): Promise<{ include: string; library: string }>;
  buildCost(directory: string, libbpf: object): string;
  buildRouter(directory: string, options: object): string;
}

const tool = (path: string): URL => new URL(`../../${path}`, import.meta.url);

async function measureNative(testbed: Testbed, say: Mode['say']): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-native-'));
  try {
    const { fetchLibbpf, buildCost, buildRouter } = Object.assign(
      {},
      await import(tool('tools/kernels/libbpf.mjs').href),
      await import(tool('tools/kernels/guest-programs.mjs').href),
    ) as Builders;
    const libbpf = await fetchLibbpf();
    const program = buildCost(directory, libbpf);
    const object = buildRouter(directory, { ...libbpf, version: release() });
    const hops = [1, 2].map((hop) => fileURLToPath(tool(`kmod/test/cost/haproxy-${hop}.cfg`)));
    say('seven rounds of every way, with two lengths of heads');
    const { code, stdout, stderr } = await testbed.run(program, ['timed', object, ...hops], {
      namespace: await loadNamespace(testbed),
      env: { PATH: SYSTEM_PATH, LD_LIBRARY_PATH: libbpf.library },
    });
    if (code !== 0)
      throw new Error(`the program that measures ended with ${code}: ${stdout}${stderr}`.trim());
    const times = stdout.split('\n').flatMap((line) => readTime(line) ?? []);
    const heads = [...new Set(times.map(({ head }) => head))];
    return KINDS.flatMap((one) =>
      heads.flatMap((head) =>
        rowsOf(
          times.filter((time) => time.kind === one.kind && time.head === head),
          one,
          head,
        ),
      ),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Line 8 of the issue on this engine, in time. */
export const native: Benchmark = {
  name: 'native',
  title: 'The kernel-native engine, on real hardware with its module loaded',
  run: async ({ say }) => {
    if (existsSync(MODULE)) return await withTestbed('native', (testbed) => measureNative(testbed, say));
    say('not measured: the module is not loaded into this kernel (kmod/README.md tells how)');
    return [];
  },
};
