// SPDX-License-Identifier: Apache-2.0
// npm run verify:kernels: what we load into kernels, tried on those that users run: Debian's, each in a guest of QEMU
// without hardware help, and the one of this machine. The report is docs/acceptance/kernels.md.
// With words after it, only these kernels and steps, and no report: npm run verify:kernels -- 6.1 objects
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { prepare } from '../build.mjs';
import { checkHost } from '../host.mjs';
import { binary, environment, root } from '../paths.mjs';
import { machineFacts } from '../report.mjs';
import { explain, Failure, say } from '../say.mjs';
import { runInGuest } from './guest.mjs';
import { fetchKernel, versions } from './kernels.mjs';
import { renderKernels, troubles } from './report.mjs';
import { MARK, stepNames } from './steps.mjs';

const program = fileURLToPath(new URL('./inside.mjs', import.meta.url));

/** The kernel that runs here, beside `versions`. */
const HERE = 'host';

/** All steps of one kernel; they take 5 to 10 minutes on two cores that nobody else uses. */
const GUEST_TIMEOUT_MS = 45 * 60_000;

async function main() {
  const words = process.argv.slice(2);
  const known = [HERE, ...versions, ...stepNames];
  const unknown = words.filter((word) => !known.includes(word));
  if (unknown.length > 0) {
    throw new Failure(`"${unknown[0]}" is neither a kernel nor a step`, {
      mend: `one of: ${known.join(', ')}`,
    });
  }
  if (process.arch !== 'x64') throw new Failure('npm run verify:kernels boots x86-64 kernels only');
  checkHost('npm run verify:kernels');
  await prepare(['start', 'kernels']);
  const chosen = (all) =>
    all.some((one) => words.includes(one)) ? all.filter((one) => words.includes(one)) : all;
  const results = [];
  for (const version of chosen([...versions, HERE])) {
    results.push(await verify(version, chosen(stepNames)));
  }
  if (words.length === 0) writeReport(results);
  const trouble = results.flatMap(troubles);
  say('');
  for (const line of trouble) say(`FAILED: ${line}`);
  say(`${results.length} kernels tried, ${trouble.length} failures`);
  return trouble.length === 0 ? 0 : 1;
}

/**
 * Does the steps on one kernel.
 * @returns {Promise<import('./report.mjs').KernelResult>} what was found before a guest broke down is kept
 */
async function verify(version, names) {
  const outcomes = {};
  const onLine = (line) => {
    if (!line.startsWith(MARK)) return say(`  ${line}`);
    const { step, ...outcome } = JSON.parse(line.slice(MARK.length));
    outcomes[step] = outcome;
    say(`${version}: ${step} done in ${outcome.seconds.toFixed(0)} s`);
  };
  const began = Date.now();
  const result = { version, release: release(), steps: names, outcomes };
  say(`\n== kernel ${version}`);
  try {
    if (version === HERE) {
      await runHere(names, onLine);
    } else {
      const kernel = await fetchKernel(version);
      result.release = kernel.release;
      const command = [process.execPath, program, ...names];
      await runInGuest(kernel, command, {
        onLine,
        cwd: root,
        timeoutMs: GUEST_TIMEOUT_MS,
        modules: ['veth', 'bridge'],
      });
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    result.breakdown = error.message;
    explain(error);
  }
  return { ...result, seconds: (Date.now() - began) / 1000 };
}

async function runHere(names, onLine) {
  const child = spawn(process.execPath, [program, ...names], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', onLine);
  await once(child, 'close');
}

function writeReport(results) {
  const report = join(root, 'docs/acceptance/kernels.md');
  mkdirSync(dirname(report), { recursive: true });
  writeFileSync(report, renderKernels(machineFacts(), results));
  spawnSync(binary('biome'), ['format', '--write', report], { cwd: root, stdio: 'ignore' }); // as the linter wants it
  say('\ndocs/acceptance/kernels.md written');
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
main().then(
  (code) => process.exit(code),
  (error) => {
    explain(error);
    process.exit(1);
  },
);
