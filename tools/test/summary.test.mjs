// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { renderReport } from '../report.mjs';
import { add, countPlaywright, summaryLine, unexpectedSkips } from '../summary.mjs';

const skip = (name) => ({ name, reason: 'no such kernel' });

describe('the sum of a test run', () => {
  it('adds runners up', () => {
    const sum = add([
      { passed: 3, failed: 0, skipped: [skip('a')] },
      { passed: 2, failed: 1, skipped: [] },
    ]);
    expect(summaryLine(sum)).toBe('5 passed, 1 failed, 1 skipped');
  });

  it('tells expected skips from others, by name or by beginning', () => {
    const expected = [skip('a > b'), skip('kmod*')];
    const skipped = [skip('a > b'), skip('a > b > c'), skip('kmod > loads'), skip('x')];
    expect(unexpectedSkips(skipped, expected).map(({ name }) => name)).toEqual(['a > b > c', 'x']);
  });

  it('reads Playwright’s report', () => {
    const test = (status, annotations = []) => ({ status, annotations, projectName: 'chromium' });
    const counts = countPlaywright({
      errors: [],
      suites: [
        {
          title: 'overview.spec.ts',
          specs: [{ title: 'opens', tests: [test('expected'), test('flaky'), test('unexpected')] }],
          suites: [
            {
              title: 'engines',
              specs: [
                { title: 'switches', tests: [test('skipped', [{ type: 'skip', description: 'later' }])] },
              ],
            },
          ],
        },
      ],
    });
    expect(counts).toEqual({
      passed: 2,
      failed: 1,
      skipped: [{ name: 'playwright > chromium > overview.spec.ts > engines > switches', reason: 'later' }],
    });
  });
});

it('writes an acceptance report', () => {
  const text = renderReport('road', { kernel: '6.1' }, [
    {
      title: 'Nothing is lost',
      command: 'load client',
      held: true,
      figures: { made: 5000, stored: 5000 },
      seconds: 2,
    },
    { title: 'It is fast', held: false, figures: {}, note: 'a | b', seconds: 1 },
  ]);
  expect(text).toContain('1 of 2 hold');
  expect(text).toContain('| Nothing is lost | yes | 2.0 |');
  expect(text).toContain('```sh\nload client\n```');
  expect(text).toContain('| made | 5000 |');
});
