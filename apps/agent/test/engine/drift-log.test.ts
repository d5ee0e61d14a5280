// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { DriftLog } from '../../src/engine/drift-log.js';

describe('DriftLog', () => {
  it('tells what lasts since it began, what came right for ten minutes, latest first', () => {
    let nowMs = 1_000;
    const log = new DriftLog(() => nowMs);
    log.look('links', [{ what: 'a', mended: false }]);
    nowMs = 2_000;
    log.look('maps', [{ what: 'b', mended: true }]);
    log.look('links', [{ what: 'a', mended: false }]);
    expect(log.drift).toEqual([
      { atMs: 2_000, what: 'b', mended: true },
      { atMs: 1_000, what: 'a', mended: false },
    ]);
    log.look('maps', []);
    log.look('links', []);
    expect(log.drift.map(({ what, mended }) => [what, mended])).toEqual([
      ['b', true],
      ['a', true],
    ]);
    nowMs = 500_000;
    log.look('links', [{ what: 'c', mended: false }]);
    nowMs = 601_000;
    expect(log.drift.map(({ what }) => what)).toEqual(['c', 'b', 'a']);
    nowMs = 602_500;
    log.look('links', []);
    expect(log.drift).toEqual([{ atMs: 500_000, what: 'c', mended: true }]);
    nowMs = 1_202_500;
    expect(log.drift).toEqual([]);
  });

  it('keeps no more than twenty, what lasts among them', () => {
    const log = new DriftLog(() => 5);
    for (let i = 0; i < 30; i++) log.look('maps', [{ what: `mended ${i}`, mended: true }]);
    log.look('links', [{ what: 'lasts', mended: false }]);
    expect(log.drift).toHaveLength(20);
    expect(log.drift[0]?.what).toBe('lasts');
  });
});
