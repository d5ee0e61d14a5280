// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type TimedEnd, TimeSum } from '../../src/aggregate/time-split.js';

/** An end with so many requests of one time each. */
const end = (
  requests: number,
  of: Partial<{ firstByte: number; roundTrip: number }> & Partial<TimedEnd> = {},
): TimedEnd => ({
  requests,
  firstByteUs: requests * (of.firstByte ?? 0),
  roundTripUs: requests * (of.roundTrip ?? 0),
  segments: of.segments ?? requests * 2,
  retransmits: of.retransmits ?? 0,
});
const NOBODY = end(0);
const split = (source: TimedEnd, destination: TimedEnd) => {
  const sum = new TimeSum();
  sum.take(source, destination);
  return sum.split(120);
};

describe('TimeSum', () => {
  it('calls 50 ms on the link network', () => {
    const seen = split(
      end(100, { firstByte: 52_000, roundTrip: 50_400 }),
      end(100, { firstByte: 1_000, roundTrip: 50_300 }),
    );
    expect(seen).toEqual({
      connectUs: 120,
      networkUs: 50_400,
      applicationUs: 1_000,
      localUs: 600,
      totalUs: 52_000,
      basis: 'both',
      requests: 100,
    });
  });

  it('calls 50 ms in the service application, also when delayed acknowledgements inflate the round trip', () => {
    const seen = split(
      end(100, { firstByte: 50_300, roundTrip: 40_100 }),
      end(100, { firstByte: 50_100, roundTrip: 90 }),
    );
    expect(seen).toMatchObject({ networkUs: 200, applicationUs: 50_100, localUs: 0, totalUs: 50_300 });
  });

  it('lets retransmissions explain what the round trip does not, but not those of long bodies', () => {
    const lossy = split(
      end(100, { firstByte: 23_000, roundTrip: 1_000, segments: 110, retransmits: 10 }),
      end(100, { firstByte: 1_000, roundTrip: 1_000 }),
    );
    expect(lossy?.networkUs).toBeGreaterThan(19_000);
    const bulk = split(
      end(10, { firstByte: 60_000, roundTrip: 1_000 }),
      end(10, { firstByte: 1_000, roundTrip: 1_000, segments: 100_000, retransmits: 100 }),
    );
    expect(bulk?.networkUs).toBeLessThan(1_500);
    expect(bulk?.localUs).toBeGreaterThan(57_000);
  });

  it('takes the round trip for the network when only the source speaks', () => {
    expect(split(end(4, { firstByte: 10_000, roundTrip: 3_000 }), NOBODY)).toMatchObject({
      networkUs: 3_000,
      applicationUs: 7_000,
      localUs: null,
      totalUs: 10_000,
      basis: 'source',
    });
  });

  it('has no total when only the destination speaks, and nothing when nobody does', () => {
    expect(split(NOBODY, end(4, { firstByte: 10_000, roundTrip: 3_000 }))).toMatchObject({
      networkUs: 3_000,
      applicationUs: 10_000,
      localUs: null,
      totalUs: null,
      basis: 'destination',
    });
    expect(split(NOBODY, NOBODY)).toBeNull();
  });

  it('adds up over edges, and its parts add up to the total', () => {
    const sum = new TimeSum();
    for (let edge = 1; edge <= 20; edge++) {
      const one = new TimeSum();
      one.take(
        end(edge, { firstByte: 1_000 * edge, roundTrip: 37 * edge }),
        edge % 4 === 0 ? NOBODY : end(edge, { firstByte: 613 * edge, roundTrip: 41 * edge }),
      );
      sum.add(one);
    }
    const seen = sum.split(null);
    expect(seen?.requests).toBe(210);
    expect((seen?.networkUs ?? 0) + (seen?.applicationUs ?? 0) + (seen?.localUs ?? 0)).toBe(seen?.totalUs);
    expect(Math.abs((seen?.totalUs ?? 0) - (1_000 * 2870) / 210)).toBeLessThan(2);
  });
});
