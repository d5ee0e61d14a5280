// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { renderReport } from '../report.mjs';
import { add, countPlaywright, plainLine, summaryLine, unexpectedSkips } from '../summary.mjs';

const skip = (name) => ({ name, reason: 'no such kernel' });

describe('the sum of a test run', () => {
  it('adds runners up', () => {
    const sum = add([
      { passed: 3, failed: 0, skipped: [skip('a')] },
      { passed: 2, failed: 1, skipped: [] },
    ]);
    expect(summaryLine(sum)).toBe('5 passed, 1 failed, 1 skipped');
  });

  it('names what failed, in one plain line each', () => {
    const failures = [{ name: 'a > b', message: 'no' }];
    expect(add([{ passed: 0, failed: 1, skipped: [], failures }]).failures).toEqual(failures);
    expect(plainLine('\u001b[31mexpected 1\u001b[39m to be 2\n\n- 1\n+ 2')).toBe('expected 1 to be 2');
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
          specs: [
            { title: 'opens', tests: [test('expected'), test('flaky')] },
            {
              title: 'closes',
              tests: [{ ...test('unexpected'), results: [{ error: { message: 'it did not' } }] }],
            },
          ],
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
      failures: [{ name: 'playwright > chromium > overview.spec.ts > closes', message: 'it did not' }],
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
