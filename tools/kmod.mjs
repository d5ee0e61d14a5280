// SPDX-License-Identifier: Apache-2.0
// npm run test:kmod: builds the kernel module, loads it in a guest with Debian's kernel, and runs the cases of
// kmod/test/guest there. Its last line is the sum. Nothing is loaded into the kernel of this machine.
// With a number after it, threads race on sockets for so many seconds: npm run test:kmod -- 600
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runInGuest } from './kernels/guest.mjs';
import { buildModule, fetchHeaders } from './kernels/headers.mjs';
import { fetchKernel } from './kernels/kernels.mjs';
import { fetchLibbpf } from './kernels/libbpf.mjs';
import { ensurePackages, findCommand } from './packages.mjs';
import { root, stateDirectory } from './paths.mjs';
import { explain, Failure, say } from './say.mjs';

/** The kernels that the module is built for. */
const VERSIONS = ['6.12'];

/** All but the race takes half a minute on two cores that nobody else uses. */
const GUEST_TIMEOUT_MS = 5 * 60_000;

const DEFAULT_RACE_S = 10;

const sources = join(root, 'kmod');

async function main() {
  const raceS = Number(process.argv[2] ?? DEFAULT_RACE_S);
  if (!(raceS > 0)) throw new Failure(`"${process.argv[2]}" is no number of seconds`);
  if (process.arch !== 'x64') throw new Failure('npm run test:kmod boots x86-64 kernels only');
  await ensurePackages(['start', 'kernels', 'kmod']);
  const libbpf = await fetchLibbpf();
  const counts = { passed: 0, failed: 0 };
  for (const version of VERSIONS) {
    const kernel = await fetchKernel(version);
    const directory = await buildAll(kernel, libbpf, raceS);
    say(`${version}: ${kernel.release} ...`);
    const { passed, failed, seconds } = await runCases(kernel, directory, { ...libbpf, raceS });
    say(`${version}: ${passed} passed, ${failed} failed in ${seconds.toFixed(0)} s`);
    counts.passed += passed;
    counts.failed += failed;
  }
  say(`\n${counts.passed} passed, ${counts.failed} failed, 0 skipped`);
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

/** The module, the programs and the cases, in a directory of their own for each kernel. */
async function buildAll(kernel, libbpf, raceS) {
  const directory = join(stateDirectory, 'kmod', kernel.release);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(sources).filter((one) => /^Kbuild$|\.[ch]$/.test(one)))
    cpSync(join(sources, name), join(directory, name));
  say(`building the module for ${kernel.release} ...`);
  buildModule(await fetchHeaders(kernel), directory);
  buildCases(directory, { ...libbpf, raceS });
  return directory;
}

function buildCases(directory, { include, library, raceS }) {
  const cases = join(sources, 'test/guest');
  const clang = (...parameters) => execFileSync(findCommand('clang'), parameters, { stdio: 'inherit' });
  const common = ['-O2', '-g', '-Wall', '-Werror', `-I${include}`];
  const target = ['-target', 'bpf', '-mcpu=v3', '-D__TARGET_ARCH_x86'];
  const system = ['-idirafter', '/usr/include/x86_64-linux-gnu'];
  const program = join(cases, 'router.bpf.c');
  clang(...common, ...target, ...system, '-c', program, '-o', join(directory, 'router.bpf.o'));
  const parts = readdirSync(cases)
    .filter((name) => /^\w+\.c$/.test(name))
    .map((name) => join(cases, name));
  const libraries = [`-L${library}`, '-lbpf', '-lpthread'];
  clang('-std=gnu11', ...common, `-DRACE_S=${raceS}`, '-o', join(directory, 'cases'), ...parts, ...libraries);
}

/** Each case says "ok NAME" or "not ok NAME: REASON"; a guest that breaks down is a failure beside those. */
async function runCases(kernel, directory, { library, raceS }) {
  const result = { passed: 0, failed: 0, seconds: 0 };
  const onLine = (line) => {
    if (line.startsWith('ok ')) result.passed += 1;
    if (line.startsWith('not ok ')) result.failed += 1;
    say(`${kernel.version} | ${line}`);
  };
  const at = (name) => join(directory, name);
  try {
    const { code, seconds } = await runInGuest(
      kernel,
      [at('cases'), at('undermesh.ko'), at('router.bpf.o')],
      {
        env: { LD_LIBRARY_PATH: library },
        cwd: directory,
        timeoutMs: GUEST_TIMEOUT_MS + raceS * 1000,
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

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
main().then(
  (code) => process.exit(code),
  (error) => {
    explain(error);
    say('0 passed, 1 failed, 0 skipped');
    process.exit(1);
  },
);
