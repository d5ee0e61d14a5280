// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import { Checkpoints } from '../../src/aggregate/checkpoints.js';
import { MeshView } from '../../src/aggregate/mesh-view.js';
import { Placements } from '../../src/aggregate/placements.js';
import { Presence } from '../../src/aggregate/presence.js';
import { Streams } from '../../src/aggregate/streams.js';
import { edgesAnswer } from '../../src/api/edges.js';
import { MemoryStore } from '../../src/store/memory-store.js';

const LIMITS = { edges: 1000, openEnds: 1000, joins: 1000, cells: 100_000, series: 1000 };
const MINUTE = 60_000;
const NOW = Math.floor(Date.now() / (5 * MINUTE)) * 5 * MINUTE;

function mesh() {
  const placements = new Placements(() => {});
  const streams = new Streams(placements, 10);
  const aggregator = new Aggregator(streams, placements, LIMITS);
  const view = new MeshView(aggregator, placements, { silentNodes: () => new Set() });
  return { placements, streams, aggregator, view };
}

/** Minutes of the last ten that are known, the oldest first. */
const known = (view: MeshView): boolean[] =>
  Array.from({ length: 10 }, (_, i) => {
    const from = NOW - (10 - i) * MINUTE;
    return view.isKnown({ from, to: from + MINUTE });
  });

describe('Presence', () => {
  it('joins what touches, whatever comes first', () => {
    const presence = new Presence();
    presence.add({ from: 50, to: 60 });
    presence.add({ from: 10, to: 20 });
    presence.add({ from: 20, to: 30 });
    expect(presence.list()).toEqual([
      { from: 10, to: 30 },
      { from: 50, to: 60 },
    ]);
    presence.add({ from: 25, to: 55 });
    presence.add({ from: 58, to: 70 });
    expect(presence.list()).toEqual([{ from: 10, to: 70 }]);
    presence.add({ from: 80, to: 90 });
    expect(presence.list(75)).toEqual([{ from: 80, to: 90 }]);
    expect(presence.overlaps({ from: 70, to: 80 })).toBe(false);
    expect(presence.overlaps({ from: 0, to: 11 })).toBe(true);
  });

  it('tells no traffic from nobody there, also after a restart', async () => {
    const store = new MemoryStore();
    const checkpoints = (of: ReturnType<typeof mesh>) =>
      new Checkpoints({ ...of, store, marks: () => [], heard: () => new Set(), isDurable: () => true });
    const first = mesh();
    // Something was counted at the end of the first minute; agents were there until the third, and again from the eighth on.
    const cells = first.aggregator.timeline.at(NOW - 9 * MINUTE - 5_000, NOW - 9 * MINUTE);
    cells?.add(cells.row(0), 0, 1);
    first.aggregator.presence.add({ from: NOW - 9 * MINUTE, to: NOW - 7 * MINUTE });
    first.aggregator.presence.add({ from: NOW - 2.5 * MINUTE, to: NOW });
    const expected = [true, true, true, false, false, false, false, true, true, true];
    expect(known(first.view)).toEqual(expected);
    const writer = checkpoints(first);
    writer.begin();
    await writer.close();

    const second = mesh();
    await checkpoints(second).restore(NOW);
    expect(known(second.view)).toEqual(expected);
    const { totalSeries } = edgesAnswer(second.view, { window: 600, level: 'workload', series: true }, NOW);
    const opened = totalSeries?.opened ?? [];
    const perMinute = opened.length / 10;
    expect(expected.map((_, minute) => opened[Math.floor((minute + 0.9) * perMinute)] !== null)).toEqual(
      expected,
    );
  });
});
