// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { entriesOf, entryOf, renderReport } from '../report.mjs';
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

const lost = {
  title: 'Nothing is lost | ever',
  command: 'load client',
  held: true,
  figures: { made: 5000, stored: 5000 },
  seconds: 2,
};
const fast = { title: 'It is fast', held: false, figures: {}, note: 'a | b', seconds: 1 };
const titles = [lost, fast].map(({ title }) => title);

it('writes an acceptance report', () => {
  const facts = { date: '2026-11-23', commit: 'abc' };
  const entries = new Map([lost, fast].map((result) => [result.title, entryOf(facts, result)]));
  const text = renderReport('road', facts, { titles, entries });
  expect(text).toContain('1 of 2 hold.');
  expect(text).toContain('| Nothing is lost \\| ever | yes | 2.0 | 2026-11-23 | abc |');
  expect(text).toContain('```sh\nload client\n```');
  expect(text).toContain('| made | 5000 |');
});

it('keeps of an earlier report what did not run again', () => {
  const first = renderReport(
    'road',
    {},
    {
      titles: [...titles, 'It is gone'],
      entries: new Map([
        [lost.title, entryOf({ date: '2026-11-22', commit: 'old' }, lost)],
        ['It is gone', entryOf({ date: '2026-11-22', commit: 'old' }, { ...fast, title: 'It is gone' })],
      ]),
    },
  );
  expect(first).toContain('1 of 3 hold, 1 have not run.');
  const entries = entriesOf(first);
  entries.set(fast.title, entryOf({ date: '2026-11-23', commit: 'new' }, fast));
  const second = renderReport('road', {}, { titles, entries });
  expect(second).toContain('| Nothing is lost \\| ever | yes | 2.0 | 2026-11-22 | old |');
  expect(second).toContain('| It is fast | **no** | 1.0 | 2026-11-23 | new |');
  expect(second).toContain('load client');
  expect(second).not.toContain('It is gone');
});
