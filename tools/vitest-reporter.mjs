// SPDX-License-Identifier: Apache-2.0
// A vitest reporter that writes counts, failures with their messages and skips with their reasons to the file named by
// UNDERMESH_TEST_REPORT.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { env } from 'node:process';

// biome-ignore lint/style/noDefaultExport: vitest takes a reporter's default export
export default class Counts {
  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: 0, skipped: [], failures: [] };
    const fail = (name, errors) => {
      report.failed += 1;
      report.failures.push({ name, message: errors?.[0]?.message ?? '' });
    };
    for (const error of unhandledErrors) fail('outside any test', [error]);
    for (const module of modules) {
      const file = relative(env.UNDERMESH_ROOT, module.moduleId);
      // It could not be loaded, or a hook outside any test failed.
      for (const error of module.errors()) fail(file, [error]);
      for (const suite of module.children.allSuites())
        for (const error of suite.errors()) fail(`${file} > ${suite.fullName}`, [error]);
      for (const test of module.children.allTests()) {
        const { state, note, errors } = test.result();
        const name = `${file} > ${test.fullName}`;
        if (state === 'passed') report.passed += 1;
        else if (state === 'failed') fail(name, errors);
        else report.skipped.push({ name, reason: note ?? '' });
      }
    }
    writeFileSync(env.UNDERMESH_TEST_REPORT, JSON.stringify(report));
  }
}
