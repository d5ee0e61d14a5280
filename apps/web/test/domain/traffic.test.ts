// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { quantilePlaces } from '@/domain/quantile-places';
import { sparkPath } from '@/domain/sparkline';
import {
  dataRates,
  failedShare,
  failedShares,
  failureRows,
  peak,
  perSecond,
  rates,
  retransmitShare,
} from '@/domain/traffic';
import { edge, series, topology, traffic } from '../fixtures';

describe('figures of a window', () => {
  it('divides by the window, and has no share where nothing was tried', () => {
    expect(perSecond(1800, topology().window)).toBe(1);
    expect(failedShare(traffic())).toBeNull();
    expect(failedShare(traffic({ opened: 99, failed: { total: 1, reasons: { refused: 1 } } }))).toBe(0.01);
    expect(retransmitShare(traffic({ segmentsSent: 100, retransmittedSegments: 2 }))).toBe(0.02);
  });

  it('keeps gaps as gaps', () => {
    const later = Date.parse(series().from) + 60_000;
    expect(rates(series(), 'opened', later)).toEqual([1, 2, null, 3]);
    expect(rates(series(), 'open', later)).toEqual([4, 5, null, 6]);
    expect(failedShares(series())).toEqual([0, 0.2, null, 0]);
    expect(dataRates(series(), later)).toEqual([100, 100, null, 100]);
    expect(peak([null, 3, 1])).toBe(3);
    expect(peak([null])).toBeNull();
  });

  it('leave the running step out', () => {
    const within = Date.parse(series().from) + 35_000;
    expect(rates(series(), 'opened', within)).toEqual([1, 2, null, null]);
    expect(dataRates(series(), within)).toEqual([100, 100, null, null]);
    expect(rates(series(), 'open', within).at(-1)).toBe(6);
  });

  it('lists failures by edge and reason, most first, and not the orderly ends', () => {
    const rows = failureRows([
      edge('a', {
        traffic: traffic({
          failed: { total: 3, reasons: { refused: 3 } },
          broken: { total: 9, reasons: { peer_reset: 9, local_fin: 5 } },
        }),
      }),
    ]);
    expect(rows.map(({ reason, count }) => `${reason} ${count}`)).toEqual(['peer_reset 9', 'refused 3']);
  });
});

describe('small drawings', () => {
  it('breaks the line at gaps and stays inside its box', () => {
    const { line, area } = sparkPath([0, 5, null, 10, 10], { width: 92, height: 22 });
    expect(line.match(/M/g)).toHaveLength(2);
    expect(area.match(/Z/g)).toHaveLength(2);
    const heights = [...line.matchAll(/[ML]\d+\.\d (\d+\.\d)/g)].map(([, y]) => Number(y));
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...heights)).toBeLessThanOrEqual(22);
  });

  it('draws a flat line for nothing but zeros, and a lone point as a dash', () => {
    expect(sparkPath([0, 0], { width: 92, height: 22 }).line).toBe('M1.0 20.0L91.0 20.0');
    expect(sparkPath([null, 4, null], { width: 92, height: 22 }).line).toContain('h1');
  });

  it('places quantiles in order, p99 at the end', () => {
    const places = quantilePlaces({ count: 9, p50: 100, p90: 240, p95: 900, p99: 4000 });
    expect(places?.map(({ name }) => name)).toEqual(['p50', 'p90', 'p99']);
    expect(places?.at(2)?.at).toBe(1);
    expect(places?.[0]?.at ?? 1).toBeLessThan(places?.[1]?.at ?? 0);
    expect(quantilePlaces({ count: 0, p50: null, p90: null, p95: null, p99: null })).toBeNull();
  });
});
