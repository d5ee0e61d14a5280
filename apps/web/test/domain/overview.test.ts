// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  edgesNote,
  failureSpread,
  missingLabel,
  missingSpan,
  overviewSentence,
  silentWords,
} from '@/domain/overview';
import { edge, series, status, traffic, vertex } from '../fixtures';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
const failing = edge('f', {
  health: 'failing',
  traffic: traffic({ opened: 90, failed: { total: 10, reasons: { refused: 10 } } }),
});
const warning = edge('w', { health: 'warning' });

describe('the page’s sentence', () => {
  const vertices = [vertex('a'), vertex('b'), vertex('c', { external: true })];
  it.each([
    [[failing, warning], '2 workloads on 3 nodes. One edge fails, one needs a look.'],
    [[warning], '2 workloads on 3 nodes. One edge needs a look.'],
    [[edge('x')], '2 workloads on 3 nodes. Nothing needs a look.'],
    [[], 'No connections in this window.'],
  ])('says what needs a look', (edges, text) => {
    expect(plain(overviewSentence(status(), edges, vertices))).toBe(text);
  });

  it('names the silent node before anything else', () => {
    const partial = status({
      nodes: { total: 3, reporting: 2, silent: [{ name: 'shop-3', lastSeenAt: null }] },
    });
    expect(overviewSentence(partial, [failing], vertices)).toBe(
      'Figures are lower bounds while shop-3 is silent.',
    );
  });

  it('says nothing before it knows', () => {
    expect(overviewSentence(null, null, null)).toBe('');
  });
});

describe('missing spans', () => {
  const silentAt = (second: number) => [
    { name: 'shop-3', lastSeenAt: new Date(Date.UTC(2026, 10, 22, 14, 0, second)).toISOString() },
  ];
  it('begins where the node was last heard', () => {
    expect(missingSpan(series(), silentAt(15))).toEqual([1, 3]);
  });
  it('begins at the window when the silence is older', () => {
    expect(missingSpan(series(), silentAt(-500))).toEqual([0, 3]);
  });
  it('is none when all report, or the silence is younger than a step', () => {
    expect(missingSpan(series(), [])).toBeNull();
    expect(missingSpan(series(), silentAt(35))).toBeNull();
  });
  it('has a name', () => {
    expect(missingLabel([{ name: 'shop-3' }])).toBe('shop-3 missing');
    expect(missingLabel([{ name: 'a' }, { name: 'b' }])).toBe('2 nodes missing');
  });
  it('gives the age of a silence in whole minutes', () => {
    expect(plain(silentWords('2026-11-22T13:56:28.000Z', '2026-11-22T14:00:40.000Z'))).toBe('silent 4 min');
    expect(silentWords(null, '2026-11-22T14:00:40.000Z')).toBe('never reported');
  });
});

describe('where failures are', () => {
  it('names the edge that has nearly all of them', () => {
    expect(failureSpread([failing, warning])).toEqual({ only: failing });
  });
  it('counts edges otherwise, and is null without failures', () => {
    expect(failureSpread([failing, edge('g', { traffic: failing.traffic })])).toEqual({ count: 2 });
    expect(failureSpread([warning])).toBeNull();
  });
  it('counts what needs a look, and what is partial', () => {
    expect(edgesNote([failing, warning, edge('p', { partial: true })], false)).toBe(
      '2 of 3 need a look, 1 is partial',
    );
    expect(edgesNote([edge('x')], true)).toBe('all 1+ are steady');
  });
});
