// SPDX-License-Identifier: Apache-2.0
// npm run verify:kernels: what we load into kernels, tried on those that users run: Debian's, each in a guest of QEMU
// without hardware help, and the one of this machine. The report is docs/acceptance/kernels.md.
// With words after it, only these kernels and steps, and no report: npm run verify:kernels -- 6.1 objects
// npm test runs it with --counts FILE: what passed, failed and was skipped, in JSON.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { prepare } from '../build.mjs';
import { checkHost } from '../host.mjs';
import { binary, environment, root } from '../paths.mjs';
import { machineFacts } from '../report.mjs';
import { explain, Failure, say } from '../say.mjs';
import { runInGuest } from './guest.mjs';
import { fetchKernel, UnknownKernel, versions } from './kernels.mjs';
import { abilities, countsOf, renderKernels, troubles } from './report.mjs';
import { MARK, stepNames, stepsThatTime } from './steps.mjs';

const program = fileURLToPath(new URL('./inside.mjs', import.meta.url));

/** The kernel that runs here, beside `versions`. */
const HERE = 'host';

/** All steps of one kernel; they take 5 to 10 minutes on two cores that nobody else uses. */
const GUEST_TIMEOUT_MS = 45 * 60_000;

async function main() {
  const { positionals: words, values } = parseArgs({
    options: { counts: { type: 'string' } },
    allowPositionals: true,
  });
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
  const steps = chosen(stepNames);
  const kernels = [];
  for (const version of chosen([...versions, HERE])) kernels.push(await findKernel(version));
  const results = await verifyAll(kernels, steps);
  if (words.length === 0) writeReport(results);
  const counts = countsOf(results);
  const trouble = results.flatMap(troubles);
  say('');
  for (const line of results.flatMap(abilities)) say(line);
  for (const line of trouble) say(`DID NOT HOLD: ${line}`);
  say(`${results.length} kernels tried, on which ${trouble.length} things did not hold`);
  if (values.counts === undefined) return trouble.length === 0 ? 0 : 1;
  writeFileSync(values.counts, JSON.stringify(counts));
  return counts.failed === 0 ? 0 : 1;
}

/** Where a kernel is to be had; a failure is part of what was found. */
async function findKernel(version) {
  if (version === HERE) return { version, release: release() };
  try {
    return await fetchKernel(version);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    explain(error);
    return { version, release: version, failure: error };
  }
}

/** Guests side by side, a processor for each, unless somebody looks at the clock in them. */
async function verifyAll(kernels, steps) {
  if (!steps.some((step) => stepsThatTime.includes(step)))
    return Promise.all(kernels.map((kernel) => verify(kernel, steps, { cpus: 1 })));
  const results = [];
  for (const kernel of kernels) results.push(await verify(kernel, steps, { cpus: 2 }));
  return results;
}

/**
 * Does the steps on one kernel.
 * @returns {Promise<import('./report.mjs').KernelResult>} what was found before a guest broke down is kept
 */
async function verify({ version, failure, ...kernel }, steps, { cpus }) {
  const outcomes = {};
  const result = { version, release: kernel.release, steps, outcomes };
  if (failure)
    return { ...result, breakdown: failure.message, unknown: failure instanceof UnknownKernel, seconds: 0 };
  const onLine = (line) => {
    if (!line.startsWith(MARK)) return say(`${version} | ${line}`);
    const { step, ...outcome } = JSON.parse(line.slice(MARK.length));
    outcomes[step] = outcome;
    say(`${version}: ${step} done in ${outcome.seconds.toFixed(0)} s`);
  };
  const began = Date.now();
  say(`${version}: ${kernel.release}, ${steps.join(', ')} ...`);
  try {
    if (version === HERE) {
      await runHere(steps, onLine);
    } else {
      const command = [process.execPath, program, ...steps];
      const modules = ['veth', 'bridge'];
      await runInGuest(kernel, command, { onLine, cwd: root, timeoutMs: GUEST_TIMEOUT_MS, modules, cpus });
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
