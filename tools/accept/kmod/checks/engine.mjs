// SPDX-License-Identifier: Apache-2.0
// The agent's engine kernel-native in a guest, without clients: engine-inside.mjs.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInGuest } from '../../../kernels/guest.mjs';
import { fetchKernel } from '../../../kernels/kernels.mjs';
import { fetchLibbpf } from '../../../kernels/libbpf.mjs';
import { buildUndermesh } from '../../../kernels/undermesh-module.mjs';
import { ensurePackages } from '../../../packages.mjs';
import { root, stateDirectory } from '../../../paths.mjs';

const program = fileURLToPath(new URL('./engine-inside.mjs', import.meta.url));
const GUEST_TIMEOUT_MS = 10 * 60_000;

/** @param {string} version of the kernel @param {(line: string) => void} say @returns what a step of an acceptance is */
export async function runEngineInGuest(version, say) {
  await ensurePackages(['start', 'kernels', 'kmod']);
  const kernel = await fetchKernel(version);
  const module = await buildUndermesh(kernel, join(stateDirectory, 'engine', kernel.release));
  const { library } = await fetchLibbpf();
  const lines = [];
  const { code, seconds } = await runInGuest(kernel, [process.execPath, program, module], {
    cwd: root,
    env: { LD_LIBRARY_PATH: library },
    timeoutMs: GUEST_TIMEOUT_MS,
    onLine: (line) => {
      lines.push(line);
      say(`${version} | ${line}`);
    },
  });
  const passed = lines.filter((line) => line.startsWith('ok ')).length;
  const failed = lines.filter((line) => line.startsWith('not ok '));
  return {
    held: code === 0 && failed.length === 0 && passed > 0,
    figures: { 'steps that passed': passed, 'seconds in the guest': seconds.toFixed(0) },
    note: failed.join('\n') || `In a guest with ${kernel.release}.`,
  };
}
