// SPDX-License-Identifier: Apache-2.0
// A vitest reporter that writes counts, and skips with their reasons, to the file named by UNDERMESH_TEST_REPORT.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { env } from 'node:process';

// biome-ignore lint/style/noDefaultExport: vitest takes a reporter's default export
export default class Counts {
  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      report.failed += module.errors().length; // could not be loaded, or a hook outside any test failed
      for (const suite of module.children.allSuites()) report.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === 'passed') report.passed += 1;
        else if (state === 'failed') report.failed += 1;
        else {
          const name = `${relative(env.UNDERMESH_ROOT, module.moduleId)} > ${test.fullName}`;
          report.skipped.push({ name, reason: note ?? '' });
        }
      }
    }
    writeFileSync(env.UNDERMESH_TEST_REPORT, JSON.stringify(report));
  }
}
