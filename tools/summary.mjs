// SPDX-License-Identifier: Apache-2.0
// Adding up what the test runners say.
import { stripVTControlCharacters } from 'node:util';

/**
 * @typedef {{ passed: number, failed: number, skipped: { name: string, reason: string }[],
 *   failures?: { name: string, message: string }[] }} Counts
 */

/** The sum of several runners' counts. @param {Counts[]} all @returns {Counts} */
export function add(all) {
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    skipped: all.flatMap(({ skipped }) => skipped),
    failures: all.flatMap(({ failures = [] }) => failures),
  };
}

/**
 * Tells skips that were expected from those that were not. An expected name may end in `*`.
 * @param {Counts['skipped']} skipped
 * @param {{ name: string, reason: string }[]} expected tools/expected-skips.json
 */
export function unexpectedSkips(skipped, expected) {
  const matches = (name, pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
  return skipped.filter(({ name }) => !expected.some((one) => matches(name, one.name)));
}

/** The last line of a test run. */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

/** The first line of a message, without colours, at most 300 characters. */
export const plainLine = (message) =>
  stripVTControlCharacters(message).trim().split('\n', 1)[0].slice(0, 300);

/** Counts of Playwright's JSON report. @returns {Counts} */
export function countPlaywright(report) {
  const counts = { passed: 0, failed: report.errors?.length ?? 0, skipped: [], failures: [] };
  const walk = (suite, titles) => {
    for (const { title, tests } of suite.specs ?? []) {
      for (const { status, annotations, projectName, results = [] } of tests) {
        const name = ['playwright', projectName, ...titles, title].filter(Boolean).join(' > ');
        if (status === 'skipped') {
          const reason = annotations.find(({ type }) => type === 'skip')?.description ?? '';
          counts.skipped.push({ name, reason });
        } else if (status === 'unexpected') {
          counts.failed += 1;
          counts.failures.push({ name, message: results.at(-1)?.error?.message ?? '' });
        } else counts.passed += 1;
      }
    }
    for (const inner of suite.suites ?? []) walk(inner, [...titles, inner.title]);
  };
  for (const suite of report.suites ?? []) walk(suite, [suite.title]);
  return counts;
}
