// SPDX-License-Identifier: Apache-2.0
// The test runners: each runs to its end with its output shown and resolves to its counts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary, environment, root } from './paths.mjs';
import { say } from './say.mjs';
import { countPlaywright } from './summary.mjs';

const reporter = fileURLToPath(new URL('./vitest-reporter.mjs', import.meta.url));
const minutes = 60_000;

/** A check that has no tests of its own: one passed or one failed. */
export async function check(command) {
  const code = await show(command, { timeoutMs: 5 * minutes });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] };
}

/** The tests of one workspace. */
export function runVitest(directory) {
  return withReport(async (report, scratch) => {
    const parameters = [
      'run',
      '--root',
      directory,
      '--passWithNoTests',
      // Files side by side, one for each processor: vitest itself, for which it would spare one, hardly computes.
      `--maxWorkers=${availableParallelism()}`,
      // What hangs is ended; what is slow on a busy machine is not.
      '--testTimeout=300000',
      '--hookTimeout=300000',
      '--reporter=default',
      `--reporter=${reporter}`,
    ];
    const code = await show([binary('vitest'), ...parameters], {
      env: { ...scratch, UNDERMESH_TEST_REPORT: report, UNDERMESH_ROOT: root },
      timeoutMs: 30 * minutes,
    });
    return [code, existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined];
  });
}

/** The tests in a real browser. */
export function runPlaywright(directory) {
  return withReport(async (report, scratch) => {
    const code = await show([binary('playwright'), 'test', '--reporter=list,json'], {
      cwd: join(root, directory),
      env: { ...scratch, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
      timeoutMs: 30 * minutes,
    });
    return [code, existsSync(report) ? countPlaywright(JSON.parse(readFileSync(report, 'utf8'))) : undefined];
  });
}

/** What we load, tried on other kernels and on this one. */
export function runKernels() {
  return withReport(async (report, scratch) => {
    const program = join(root, 'tools/kernels/verify.mjs');
    const code = await show([process.execPath, program, 'features', 'objects', '--counts', report], {
      env: scratch,
      timeoutMs: 30 * minutes,
    });
    return [code, existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined];
  });
}

/** Workspaces whose `npm test` is vitest. */
export function vitestWorkspaces() {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const directories = workspaces.flatMap((pattern) => directoriesOf(pattern)).sort();
  return directories.filter((directory) => {
    const { scripts } = JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8'));
    return scripts?.test?.startsWith('vitest');
  });
}

// "apps/*" or a plain directory, as npm's `workspaces` has them.
function directoriesOf(pattern) {
  const parent = pattern.replace(/\/\*$/, '');
  const directories =
    parent === pattern ? [pattern] : readdirSync(join(root, parent)).map((name) => join(parent, name));
  return directories.filter((directory) => existsSync(join(root, directory, 'package.json')));
}

// A runner that ends badly without a failed test failed all the same. What its tests leave in the directory for
// temporary files goes with it.
async function withReport(run) {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-report-'));
  try {
    const [code, counts] = await run(join(directory, 'report.json'), { TMPDIR: directory });
    if (!counts) return { passed: 0, failed: code === 0 ? 0 : 1, skipped: [] };
    return { ...counts, failed: code !== 0 && counts.failed === 0 ? 1 : counts.failed };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function show([program, ...parameters], { env = {}, cwd = root, timeoutMs }) {
  const child = spawn(program, parameters, {
    cwd,
    env: { ...environment, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const forward = () => child.kill('SIGTERM');
  process.once('SIGTERM', forward);
  const late = setTimeout(() => {
    say(`${program} ${parameters.join(' ')}: takes more than ${timeoutMs / minutes} minutes, ended`);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
  }, timeoutMs);
  const [code] = await once(child, 'exit');
  clearTimeout(late);
  process.off('SIGTERM', forward);
  return code ?? 1;
}
