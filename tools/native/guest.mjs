// SPDX-License-Identifier: Apache-2.0
// Cases of cases.mjs in a guest: a Debian kernel with the module, and all else as it is installed here.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { grown } from '../accept/nothing-breaks/checks/upgraded.mjs';
import { runInGuest } from '../kernels/guest.mjs';
import { fetchKernel } from '../kernels/kernels.mjs';
import { fetchLibbpf } from '../kernels/libbpf.mjs';
import { buildUndermesh } from '../kernels/undermesh-module.mjs';
import { ensurePackages } from '../packages.mjs';
import { root, stateDirectory } from '../paths.mjs';
import { Failure } from '../say.mjs';
import { buildRelease } from '../testbed/release.mjs';
import { buildSteady } from '../testbed/steady.mjs';
import { buildAsk } from './ask.mjs';
import { cases, MARK, OPENING } from './cases.mjs';

const program = fileURLToPath(new URL('./inside.mjs', import.meta.url));

/** To open the mesh and for each case, on a machine that has other work. Without hardware help everything takes 10 to 30 times as long. */
const PATIENCE_MS = 10 * 60_000;

/** What the testbed's network and the stand-in for an engine that is off need. */
const MODULES = ['veth', 'bridge', 'nf_tables', 'nft_chain_nat', 'nft_nat', 'nft_numgen'];

/** A release whose maps differ from ours. */
function nextRelease() {
  const directory = join(stateDirectory, 'native/next');
  rmSync(directory, { recursive: true, force: true });
  return buildRelease(directory, grown);
}

/**
 * Runs cases on one mesh, in one guest, in the order of cases.mjs.
 * @param {string} version of the kernel, `6.12`
 * @param {string[]} names
 * @param {(line: string) => void} say hears what the programs in the guest say
 * @returns {Promise<{ found: Map<string, Found>, release: string, broken?: string }>} `release`: of the kernel; `broken`: why
 *   cases are missing
 *
 * @typedef {{ figures: Record<string, string>, failures: string[], seconds: number }} Found
 */
export async function runNative(version, names, say) {
  await ensurePackages(['start', 'kernels', 'kmod', 'native']);
  const kernel = await fetchKernel(version);
  const module = await buildUndermesh(kernel, join(stateDirectory, 'native', kernel.release));
  const { library } = await fetchLibbpf();
  buildAsk();
  buildSteady();
  const found = new Map();
  const onLine = (line) => {
    if (!line.startsWith(MARK)) return say(`${version} | ${line}`);
    const { name, ...outcome } = JSON.parse(line.slice(MARK.length));
    found.set(name, outcome);
  };
  const release = names.includes('upgraded') ? ['--release', nextRelease()] : [];
  const ordered = Object.keys(cases).filter((name) => names.includes(name));
  let broken;
  await runInGuest(kernel, [process.execPath, program, '--module', module, ...release, ...ordered], {
    onLine,
    cwd: root,
    env: { LD_LIBRARY_PATH: library },
    modules: MODULES,
    timeoutMs: PATIENCE_MS * (1 + ordered.length),
    memoryMiB: 4096,
  }).catch((error) => {
    if (!(error instanceof Failure)) throw error;
    broken = error.message;
  });
  broken ??= found.get(OPENING)?.failures.join('\n') || 'the program in the guest ended before';
  return { found, release: kernel.release, broken };
}
