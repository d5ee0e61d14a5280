// SPDX-License-Identifier: Apache-2.0
// Instructions per connection and per request, of both ends and whatever is between them, counted by a guest's clock.
import { join } from 'node:path';
import { runInGuest } from '../../../kernels/guest.mjs';
import { buildCost, buildRouter } from '../../../kernels/guest-programs.mjs';
import { fetchKernel } from '../../../kernels/kernels.mjs';
import { fetchLibbpf } from '../../../kernels/libbpf.mjs';
import { buildUndermesh } from '../../../kernels/undermesh-module.mjs';
import { ensurePackages } from '../../../packages.mjs';
import { root, stateDirectory } from '../../../paths.mjs';

const TIMEOUT_MS = 20 * 60_000;

/** Names of kmod/test/cost/cost.c, as they are told. */
const WAYS = {
  plain: 'plain TCP',
  deferred: 'kernel-native',
  'deferred-alternating': 'kernel-native, each request elsewhere',
  'haproxy-one': 'HAProxy, one hop',
  'haproxy-two': 'HAProxy, two hops',
  'plain-again': 'plain TCP once more (noise)',
};

const KINDS = { short: 'short connection', kept: 'request on a kept connection' };

/**
 * @param {string} version of the kernel
 * @param {(line: string) => void} say
 * @returns {Promise<{ way: string, kind: 'short' | 'kept', head: number, mean: number, p50: number }[]>} medians of
 *   rounds; `head`: its bytes
 */
export async function countInstructions(version, say) {
  await ensurePackages(['start', 'kernels', 'kmod', 'demo']);
  const kernel = await fetchKernel(version);
  const libbpf = await fetchLibbpf();
  const directory = join(stateDirectory, 'kmod-cost', kernel.release);
  const module = await buildUndermesh(kernel, directory);
  const program = buildCost(directory, libbpf);
  const object = buildRouter(directory, { ...libbpf, version });
  const hops = [1, 2].map((hop) => join(root, `kmod/test/cost/haproxy-${hop}.cfg`));
  const rounds = new Map();
  await runInGuest(kernel, [program, 'counted', module, object, ...hops], {
    env: { LD_LIBRARY_PATH: libbpf.library },
    timeoutMs: TIMEOUT_MS,
    counted: true,
    onLine: (line) => {
      say(`${version} | ${line}`);
      const [word, way, kind, head, mean, p50] = line.split(' ');
      if (word !== 'cost') return;
      const key = JSON.stringify({ way, kind, head: Number(head) });
      rounds.set(key, [...(rounds.get(key) ?? []), { mean: Number(mean), p50: Number(p50) }]);
    },
  });
  return [...rounds].map(([key, values]) => ({
    ...JSON.parse(key),
    mean: median(values.map(({ mean }) => mean)),
    p50: median(values.map(({ p50 }) => p50)),
  }));
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** How often the instructions of plain TCP a way takes: by the mean, which has all that is done later, or by the median. */
export function ratioOf(costs, { way, kind, head }, by) {
  const of = (name) => costs.find((one) => one.way === name && one.kind === kind && one.head === head);
  return of(way)[by] / of('plain')[by];
}

/** A figure for each way, kind and head. */
export function figuresOf(costs) {
  return costs.map((cost) => [
    `${KINDS[cost.kind]}, head of ${cost.head} bytes, ${WAYS[cost.way]}`,
    `${cost.mean.toLocaleString('en')} instructions, ${ratioOf(costs, cost, 'mean').toFixed(3)} × plain TCP; median ${cost.p50.toLocaleString('en')}, ${ratioOf(costs, cost, 'p50').toFixed(3)} ×`,
  ]);
}
