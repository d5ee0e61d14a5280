// SPDX-License-Identifier: Apache-2.0
// The test suite of the eBPF programs, on this kernel.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary, environment, root } from '../../paths.mjs';

/** The files that have a kernel do something. The others compile the same source for user space, or need HAProxy: guests
 * lack an instruction that it is built with. */
const FILES = [
  'test/observe.test.ts',
  'test/observe-steered.test.ts',
  'test/http.test.ts',
  'test/dual-engine.test.ts',
  'test/dual-engine-balance.test.ts',
  'test/waypoint.test.ts',
  'test/preface.test.ts',
];

const reporter = join(root, 'tools/vitest-reporter.mjs');

/**
 * Runs `bpf/test`, one file after the other.
 * @param {{ patienceMs: number }} options for one test
 * @returns {{ passed: number, failures: { name: string, message: string }[], skipped: { name: string, reason: string }[] }}
 */
export function checkTests({ patienceMs }) {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-kernels-'));
  const report = join(directory, 'report.json');
  try {
    const options = [
      '--reporter=verbose',
      `--reporter=${reporter}`,
      `--testTimeout=${patienceMs}`,
      `--hookTimeout=${patienceMs}`,
      '--no-file-parallelism',
    ];
    spawnSync(binary('vitest'), ['run', ...options, ...FILES], {
      cwd: join(root, 'bpf'),
      env: { ...environment, NO_COLOR: '1', UNDERMESH_TEST_REPORT: report, UNDERMESH_ROOT: root },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (!existsSync(report)) throw new Error('the test runner ended without a report');
    const { passed, failures, skipped } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed, failures, skipped };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
