// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { abbaOrder, compare, isAboveNoise, measurePairs, type Side } from '../src/pairs.js';

describe('pairs', () => {
  it('are measured in ABBA order', () => {
    expect(abbaOrder(4).join(' ')).toBe('off on on off off on on off');
  });

  it('cancel a drift that runs through the whole measurement', async () => {
    let slice = 0;
    const drifting = async (side: Side) => (side === 'on' ? 1.1 : 1) * (100 + slice++);
    const { ratio } = compare(await measurePairs(8, drifting));
    expect(ratio.value).toBeCloseTo(1.1, 2);
  });

  it('put each side where it belongs', async () => {
    const pairs = await measurePairs(3, async (side) => (side === 'on' ? 3 : 2));
    expect(pairs).toEqual([
      { on: 3, off: 2 },
      { on: 3, off: 2 },
      { on: 3, off: 2 },
    ]);
  });

  it('survive a disturbed slice', async () => {
    let slice = 0;
    const disturbed = async (side: Side) => (slice++ === 5 ? 900 : side === 'on' ? 102 : 100);
    expect(compare(await measurePairs(9, disturbed)).ratio.value).toBeCloseTo(1.02);
  });

  it('claim nothing smaller than the noise', () => {
    const same = compare([
      { on: 0.95, off: 1 },
      { on: 1.05, off: 1 },
      { on: 1, off: 1 },
    ]);
    const pair = (on: number) => compare([1, 2, 3].map(() => ({ on, off: 1 })));
    expect(isAboveNoise(pair(1.03), same)).toBe(false);
    expect(isAboveNoise(pair(1.2), same)).toBe(true);
  });
});
