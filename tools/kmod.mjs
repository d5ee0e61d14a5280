// SPDX-License-Identifier: Apache-2.0
// npm run test:kmod: builds the kernel module, loads it in a guest with Debian's kernel, and runs the cases of
// kmod/test/guest there. Its last line is the sum. Nothing is loaded into the kernel of this machine.
// What follows goes to the cases (kmod/test/guest/main.c), the front of a name chooses among them:
// npm run test:kmod -- kernel=6.12 race_s=600 survives_a_race
// kernel=checked is one with KASAN and lockdep, which is built first (kernels/checked.mjs).
import { join } from 'node:path';
import { buildCheckedKernel } from './kernels/checked.mjs';
import { runInGuest } from './kernels/guest.mjs';
import { buildCases, buildRouter } from './kernels/guest-programs.mjs';
import { fetchKernel } from './kernels/kernels.mjs';
import { fetchLibbpf } from './kernels/libbpf.mjs';
import { buildUndermesh, kernels as versions } from './kernels/undermesh-module.mjs';
import { ensurePackages } from './packages.mjs';
import { stateDirectory } from './paths.mjs';
import { explain, Failure, say } from './say.mjs';

/** Of the kernel with more checks, and the word that asks for it. */
const CHECKED = { version: '6.12', word: 'checked' };

/** In front of the one that is wanted. */
const KERNEL = 'kernel=';

/** All but the race takes a minute on two cores that nobody else uses; a cycle of unloading and loading some seconds. */
const GUEST_TIMEOUT_MS = 8 * 60_000;
const CYCLE_MS = 10_000;
/** What a case may take. */
const PATIENCE_S = 60;

async function main() {
  const words = process.argv.slice(2).filter((word) => !word.startsWith(KERNEL));
  const wanted = process.argv
    .filter((word) => word.startsWith(KERNEL))
    .map((word) => word.slice(KERNEL.length));
  const kernels = versions
    .filter((version) => wanted.length === 0 || wanted.includes(version))
    .map((version) => () => fetchKernel(version));
  if (process.arch !== 'x64') throw new Failure('npm run test:kmod boots x86-64 kernels only');
  await ensurePackages(['start', 'kernels', 'kmod']);
  if (wanted.includes(CHECKED.word)) {
    await ensurePackages(['checked']);
    kernels.push(() => buildCheckedKernel(CHECKED.version));
  }
  const libbpf = await fetchLibbpf();
  const counts = { passed: 0, failed: 0 };
  for (const fetch of kernels) {
    const kernel = await fetch();
    const { version } = kernel;
    const directory = await buildAll(kernel, libbpf);
    say(`${version}: ${kernel.release} ...`);
    const { passed, failed, seconds } = await runCases(kernel, directory, { ...libbpf, words });
    say(`${version}: ${passed} passed, ${failed} failed in ${seconds.toFixed(0)} s`);
    counts.passed += passed;
    counts.failed += failed;
  }
  say(`\n${counts.passed} passed, ${counts.failed} failed, 0 skipped`);
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

/** The module, the programs and the cases, in a directory of their own for each kernel. */
async function buildAll(kernel, libbpf) {
  const directory = join(stateDirectory, 'kmod', kernel.release);
  say(`building the module for ${kernel.release} ...`);
  await buildUndermesh(kernel, directory);
  buildRouter(directory, { ...libbpf, version: kernel.version });
  buildCases(directory, libbpf);
  return directory;
}

/** Each case says "ok NAME" or "not ok NAME: REASON"; a guest that breaks down is a failure beside those. */
async function runCases(kernel, directory, { library, words }) {
  const result = { passed: 0, failed: 0, seconds: 0 };
  const onLine = (line) => {
    if (line.startsWith('ok ')) result.passed += 1;
    if (line.startsWith('not ok ')) result.failed += 1;
    say(`${kernel.version} | ${line}`);
  };
  const at = (name) => join(directory, name);
  const { slower = 1 } = kernel;
  try {
    const { code, seconds } = await runInGuest(
      kernel,
      [at('cases'), at('undermesh.ko'), at('router.bpf.o'), `patience_s=${PATIENCE_S * slower}`, ...words],
      {
        env: { LD_LIBRARY_PATH: library },
        cwd: directory,
        timeoutMs:
          slower * (GUEST_TIMEOUT_MS + optionOf(words, 'cycles') * CYCLE_MS) +
          optionOf(words, 'race_s') * 1000,
        parameters: ['slub_debug=FZPU'], // who writes beside, or after its end, what it allocated is told
        onLine,
      },
    );
    if (code !== 0 && result.failed === 0) {
      say(`FAILED: the cases ended with ${code}`);
      result.failed += 1;
    }
    return { ...result, seconds };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    explain(error);
    return { ...result, failed: result.failed + 1 };
  }
}

/** `cycles=50` */
function optionOf(words, name) {
  const word = words.find((one) => one.startsWith(`${name}=`));
  return word === undefined ? 0 : Number(word.slice(name.length + 1));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
main().then(
  (code) => process.exit(code),
  (error) => {
    explain(error);
    say('0 passed, 1 failed, 0 skipped');
    process.exit(1);
  },
);
