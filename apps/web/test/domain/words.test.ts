// SPDX-License-Identifier: Apache-2.0
import { CLOSE_REASONS, FAILURE_REASONS, LOSS_REASONS } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { byName, hookCost, nodeRemarks, nodeState, observerShare } from '@/domain/nodes';
import {
  connectionState,
  edgeState,
  healthReasonWords,
  healthStatus,
  lossWords,
  reasonWords,
} from '@/domain/words';
import { connection, edge, node } from '../fixtures';

describe('words', () => {
  it('has one for every reason and every loss', () => {
    for (const reason of [...CLOSE_REASONS, ...FAILURE_REASONS])
      expect(reasonWords(reason)).not.toContain('_');
    for (const reason of LOSS_REASONS) expect(lossWords(reason)).not.toContain('_');
    expect(lossWords('something_new')).toBe('something new');
  });

  it('maps each health to its own sign', () => {
    expect((['ok', 'warning', 'failing', 'unknown'] as const).map(healthStatus)).toEqual([
      'ok',
      'warn',
      'crit',
      'unk',
    ]);
  });

  it('says since when an edge is not well, and what is partial', () => {
    const at = new Date(2026, 10, 22, 14, 34).toISOString();
    expect(edgeState(edge('a', { health: 'failing', healthReason: 'refused', healthSince: at })).text).toBe(
      'refused since 14:34',
    );
    expect(edgeState(edge('a'))).toEqual({ kind: 'ok', text: 'steady' });
    expect(edgeState(edge('a', { partial: true, seenBy: 'source' }))).toEqual({
      kind: 'unk',
      text: 'source only',
    });
  });

  it('says what is over and when, where most of the window would read as steady', () => {
    const lastFailureAt = new Date(2026, 10, 22, 13, 41).toISOString();
    const failed = { total: 9, reasons: { connect_timed_out: 2, refused: 7 } };
    const over = edge('a', { lastFailureAt });
    over.traffic.failed = failed;
    expect(edgeState(over)).toEqual({ kind: 'ok', text: 'refused, last 13:41' });
    expect(edgeState({ ...over, partial: true }).kind).toBe('unk');
    expect(edgeState({ ...over, health: 'failing', healthReason: 'refused' }).text).toBe('refused');
  });

  it('is loud only about connections that did not end in order', () => {
    expect(connectionState(connection('a', 1)).kind).toBe('open');
    expect(connectionState(connection('a', 1, { state: 'closed', reason: 'peer_fin' })).kind).toBe('closed');
    expect(connectionState(connection('a', 1, { state: 'closed', reason: 'peer_reset' })).kind).toBe('warn');
    expect(connectionState(connection('a', 1, { state: 'failed', reason: 'refused' })).kind).toBe('crit');
  });
});

describe('nodes', () => {
  const hook = {
    name: 'observe',
    type: 'sock_ops',
    attachedTo: '/',
    attached: true,
    programId: 1,
    tag: 'x',
    loadedAtMs: 0,
  };

  it('has one state, the worst first', () => {
    expect(nodeState(node('a', { state: 'silent' }), '2026-11-22T14:04:12.000Z').text).toContain('silent 4');
    expect(nodeState(node('a', { hooks: [{ ...hook, attached: false }] }), null).kind).toBe('warn');
    expect(
      nodeState(
        node('a', { records: { made: 1, received: 0, stored: 0, waiting: 0, lost: { ring_full: 1 } } }),
        null,
      ).text,
    ).toBe('lost records');
    expect(nodeState(node('a'), null)).toEqual({ kind: 'ok', text: 'reports' });
  });

  it('does not take an unknown cost for none', () => {
    expect(observerShare(node('a'))).toBeNull();
    expect(observerShare(node('a', { bpfCpuShare: 0.01 }))).toBe(0.01);
    expect(hookCost(hook)).toBeNull();
    expect(hookCost({ ...hook, runTimeNs: 400, runCount: 2 })).toBe(200);
  });

  it('remarks on skewed clocks, full maps and failed helpers', () => {
    const remarks = nodeRemarks(
      node('a', {
        clockSkewMs: -1840,
        maps: [{ name: 'm', type: 'hash', entries: 90, maxEntries: 100 }],
        helperErrors: [{ site: 's', errno: 'ENOMEM', count: 1 }],
      }),
    );
    expect(remarks).toHaveLength(3);
    expect(remarks[0]?.text).toContain('1.8 s behind');
    expect(nodeRemarks(node('a', { clockSkewMs: 900 }))).toEqual([]);
  });

  it('lines up hooks by name and leaves holes', () => {
    const rows = byName([node('a', { hooks: [hook] }), node('b')], (one) => one.hooks);
    expect(rows).toEqual([{ name: 'observe', of: [hook, undefined] }]);
  });
});

it('words reasons of health like the connections they come from', () => {
  expect(healthReasonWords('peer reset')).toBe('reset by peer');
  expect(healthReasonWords('timed out')).toBe('timed out');
  expect(healthReasonWords('refused')).toBe('refused');
  expect(healthReasonWords('p99 231 ms, limit 50 ms')).toBe('p99 231 ms');
});
