// SPDX-License-Identifier: Apache-2.0
import { CLOSE_REASONS, PROTOCOLS, STATUS_CLASSES } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { CELL_COUNTERS, Counter } from '../../src/aggregate/cells.js';
import { connectsFailed, judge } from '../../src/aggregate/health.js';
import { binOf } from '../../src/aggregate/histogram.js';
import { Sample, TrafficSum } from '../../src/aggregate/traffic.js';

/** Figures with so many requests by class, and so many samples of one latency. */
function requests(
  classes: Partial<Record<string, number>>,
  latency?: { us: number; count: number },
): TrafficSum {
  const counters = new Float64Array(CELL_COUNTERS);
  for (const [at, name] of STATUS_CLASSES.entries()) counters[Counter.status + at] = classes[name] ?? 0;
  const sum = new TrafficSum();
  sum.requests.take(counters, 0);
  if (latency !== undefined) {
    sum.addWindow(Sample.firstByteUs, {
      first: binOf(latency.us),
      counts: [latency.count],
      from: 0,
      length: 1,
    });
  }
  return sum;
}

describe('judge', () => {
  it('warns of server errors and of requests without an answer', () => {
    expect(judge(requests({ '2xx': 97, '5xx': 3 }))).toEqual({ health: 'warning', reason: '5xx 3\u00a0%' });
    expect(judge(requests({ '2xx': 90, '5xx': 1, none: 9 })).reason).toBe('unanswered 10\u00a0%');
    expect(judge(requests({ '2xx': 900, '4xx': 100, '5xx': 2 })).health).toBe('ok');
    expect(judge(requests({ '2xx': 1000, '5xx': 9 })).health).toBe('ok');
    expect(judge(requests({ '2xx': 95, '5xx': 5 }), { requestErrors: 0.1, p99Ms: 0 }).health).toBe('ok');
  });

  it('lets idle connections be reset where every request was answered, and only there', () => {
    const reset = (classes: Partial<Record<string, number>>): TrafficSum => {
      const sum = requests(classes);
      sum.closed = 20;
      sum.ended[CLOSE_REASONS.indexOf('local_reset')] = 9;
      return sum;
    };
    expect(judge(reset({ '2xx': 900 }))).toEqual({ health: 'ok', reason: null });
    expect(judge(reset({ '2xx': 900, none: 6 }))).toEqual({ health: 'failing', reason: 'local reset' });
    expect(judge(reset({}))).toEqual({ health: 'failing', reason: 'local reset' });
    const mixed = reset({ '2xx': 900 });
    mixed.protocols[PROTOCOLS.indexOf('tls')] = 3;
    expect(judge(mixed).health).toBe('failing');
  });

  it('warns of a p99 above its limit, when there are enough requests', () => {
    const limits = { requestErrors: 0.01, p99Ms: 50 };
    const slow = requests({ '2xx': 200 }, { us: 212_000, count: 200 });
    expect(judge(slow, limits).health).toBe('warning');
    expect(judge(slow, limits).reason).toMatch(/^p99 2\d\d\u00a0ms, limit 50\u00a0ms$/);
    expect(judge(slow).health).toBe('ok');
    expect(judge(requests({ '2xx': 50 }, { us: 212_000, count: 50 }), limits).health).toBe('ok');
    expect(judge(requests({ '2xx': 200 }, { us: 49_000, count: 200 }), limits).health).toBe('ok');
  });
});

describe('connectsFailed', () => {
  const connects = (opened: number, refused: number): TrafficSum => {
    const sum = new TrafficSum();
    sum.opened = opened;
    sum.failed[0] = refused;
    return sum;
  };

  it('holds where judge would not be well, by connects alone', () => {
    for (const [opened, refused, expected] of [
      [0, 1, true],
      [0, 0, false],
      [1, 1, false],
      [97, 3, true],
      [9990, 10, false],
    ] as const) {
      const sum = connects(opened, refused);
      expect(connectsFailed(sum)).toBe(expected);
      expect(judge(sum).health).toBe(expected ? 'failing' : 'ok');
    }
  });

  it('does not hold for what warns otherwise', () => {
    expect(judge(requests({ '2xx': 97, '5xx': 3 })).health).toBe('warning');
    expect(connectsFailed(requests({ '2xx': 97, '5xx': 3 }))).toBe(false);
  });
});
