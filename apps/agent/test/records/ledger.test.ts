// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { openConnections } from '../../src/open-connections.js';
import { balance } from '../../src/records/ledger.js';
import { Pace } from '../../src/records/pace.js';

describe('ledger', () => {
  it.each([
    // emitted, ring full, acknowledged, in memory, lost memory
    [0, 0, 0, 0, 0],
    [100, 0, 0, 0, 0],
    [100, 7, 40, 30, 0],
    [100, 7, 40, 30, 30],
    // read before the kernel had counted it
    [100, 7, 60, 41, 0],
  ])('balances %i emitted, %i ring full, %i acknowledged, %i in memory, %i lost', (...numbers) => {
    const [endsEmitted, endsLostRingFull, acknowledged, held, agent_memory] = numbers;
    const ledger = balance({ endsEmitted, endsLostRingFull }, { acknowledged, held, lost: { agent_memory } });
    const lost = Object.values(ledger.lost).reduce((sum, count) => sum + count, 0);
    expect(ledger.made).toBe(ledger.acknowledged + ledger.waiting + lost);
    expect(ledger.waiting).toBeGreaterThanOrEqual(held);
    expect(ledger.made).toBeGreaterThanOrEqual(endsEmitted + endsLostRingFull);
    expect(Object.values(ledger.lost).every((count) => count > 0)).toBe(true);
  });

  it('derives open connections', () => {
    const counts = {
      endsEmitted: 50,
      endsLostRingFull: 1,
      openedEmitted: 0,
      progressEmitted: 0,
      deferred: 0,
      storageFailed: 0,
      connects: 0,
      establishedSource: 30,
      establishedDestination: 30,
      skippedOtherAgent: 0,
      httpRequests: 0,
      httpRequestsLost: 0,
      httpRecordsEmitted: 0,
      httpFramingLost: 0,
    };
    expect(openConnections(counts, { failed: 10, adopted: 2 })).toBe(21);
    expect(openConnections({ ...counts, endsEmitted: 500 }, { failed: 0, adopted: 0 })).toBe(0);
  });
});

describe('pace', () => {
  const make = () => new Pace({ busyMs: 10, idleMs: 100, ringBytes: 1 << 20 });

  it('is slow when idle, quick at once under load, and slows down step by step', () => {
    const pace = make();
    expect(pace.next(0, 100)).toBe(100);
    expect(pace.next(1 << 19, 10)).toBe(10);
    const after = [0, 0, 0, 0, 0, 0, 0].map(() => pace.next(0, 10));
    expect(after[0]).toBe(15);
    expect(after.at(-1)).toBe(100);
  });

  it('lets about a sixteenth of the ring fill up between two readings', () => {
    const pace = make();
    // 2,000 bytes a millisecond fill 64 KiB in 33 ms.
    expect(Math.round(pace.next(200_000, 100))).toBe(33);
  });
});
