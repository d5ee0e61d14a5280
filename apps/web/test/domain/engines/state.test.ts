// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { drainOf, type OpenSample, sampleOf, withSample } from '@/domain/engines/draining';
import { latestOf, offerOf } from '@/domain/engines/order';
import { engineState, engineVerdict, linksOf } from '@/domain/engines/state';
import { NBSP } from '@/domain/format';
import { engineItem, engineOff } from '../../fixtures';

const NOW = '2026-11-22T14:00:00.000Z';
const dual = { desired: 'dual-engine', observed: 'dual-engine' } as const;

describe('state of an engine in words', () => {
  it('names each state, with its age where that matters', () => {
    const say = (change: object) => engineState(engineOff(change), NOW).text;
    expect(say({})).toBe('in force');
    expect(say({ state: 'switching' })).toBe('switching');
    expect(say({ state: 'drift', stateSince: '2026-11-22T13:56:42.000Z' })).toBe(`drift 3${NBSP}min`);
    expect(say({ state: 'silent', stateSince: '2026-11-22T13:59:30.000Z' })).toBe(`silent 30${NBSP}s`);
    expect(say({ state: 'silent', observed: null })).toBe('never reported');
    expect(say({ state: 'unavailable' })).toBe('refused');
  });

  it('sums the links up before it says that an engine is in force', () => {
    const hooks = [
      { name: 'connect4', expected: 2, attached: 2 },
      { name: 'connect6', expected: 2, attached: 2 },
    ];
    expect(linksOf(engineOff({ hooks }))).toEqual({ attached: 4, expected: 4 });
    const { title, text } = engineVerdict(engineItem('shop-1', { ...dual, hooks, switchMs: 84.4 }), NOW);
    expect(title).toBe('In force.');
    expect(text).toBe(`The kernel says so: 4 of 4${NBSP}links attached. The last switch took 84${NBSP}ms.`);
  });

  it('gives the reasons of drift and refusal', () => {
    const drift = [
      { what: 'one slot was not ours', since: NOW, mended: true },
      { what: 'connect4 was detached from /shop', since: NOW, mended: false },
    ];
    const drifts = engineItem('shop-1', {
      ...dual,
      state: 'drift',
      drift,
      detail: 'connect4 was detached from /shop',
    });
    expect(engineVerdict(drifts, NOW).text).toBe(
      'dual-engine is in force, but not all of it is as it was put. connect4 was detached from /shop.',
    );
    const refused = engineItem('shop-1', {
      desired: 'kernel-native',
      state: 'unavailable',
      detail: 'the module is not signed.',
    });
    expect(engineVerdict(refused, NOW)).toMatchObject({
      title: 'shop-1 cannot run kernel-native.',
      text: 'The module is not signed.',
    });
  });
});

describe('what drains', () => {
  const draining = [
    { generation: 3, engine: 'off', connections: 20 },
    { generation: 4, engine: 'dual-engine', connections: 5 },
  ] as const;

  it('adds earlier generations up and names the engine of most of them', () => {
    const engine = engineOff({ ...dual, connections: 75, draining: [...draining] });
    expect(drainOf(engine)).toEqual({ old: 25, share: 0.25, engine: 'off' });
    expect(drainOf(engineOff({ ...dual, connections: 9 }))).toEqual({ old: 0, share: 0, engine: null });
    // off steers nothing, so there is nothing to take a share of
    expect(drainOf(engineOff({ draining: [...draining] }))).toMatchObject({ old: 25, share: null });
  });

  it('is not known of a silent node, and of one that does not count', () => {
    expect(drainOf(engineOff({ state: 'silent', connections: 9 }))).toBeNull();
    expect(drainOf(engineOff({ connections: null }))).toBeNull();
    expect(sampleOf(engineOff({ connections: null }), 5)).toEqual({ at: 5, open: null });
  });

  it('becomes a sample by engine: what nobody remembers is kept apart', () => {
    const engine = engineOff({
      ...dual,
      connections: 75,
      draining: [...draining, { generation: 1, engine: null, connections: 2 }],
    });
    expect(sampleOf(engine, 1).open).toEqual({
      'dual-engine': 80,
      off: 20,
      'kernel-native': 0,
      forgotten: 2,
    });
  });

  it('keeps half an hour of samples, one at a time', () => {
    const at = (ms: number): OpenSample => ({ at: ms, open: null });
    const kept = withSample(withSample([at(0)], at(1000)), at(1100));
    expect(kept.map((one) => one.at)).toEqual([0, 1100]);
    expect(withSample(kept, at(1_800_500)).map((one) => one.at)).toEqual([1100, 1_800_500]);
  });
});

describe('what a slot offers', () => {
  it('says what an order comes to for what is open', () => {
    const offer = offerOf(engineItem('shop-1', { connections: 1206 }), 'dual-engine');
    expect(offer).toEqual({
      kind: 'order',
      effect:
        'New connections are steered by dual-engine from the moment it is in force. The 1,206 that are open stay with off until they end.',
    });
  });

  it('offers nothing twice, except after a refusal', () => {
    expect(offerOf(engineItem('shop-1'), 'off').kind).toBe('nothing');
    const refused = engineItem('shop-1', { desired: 'dual-engine', state: 'unavailable' });
    expect(offerOf(refused, 'dual-engine').kind).toBe('order');
  });

  it('gives the reason where it cannot be', () => {
    const no = engineItem('shop-1', { unavailable: { 'kernel-native': 'no module' } });
    expect(offerOf(no, 'kernel-native')).toMatchObject({ kind: 'no', why: 'no module' });
    const labelled = engineItem(
      'shop-1',
      { ...dual, setBy: 'label' },
      { labels: { 'undermesh.io/engine': 'dual-engine' } },
    );
    expect(offerOf(labelled, 'off')).toMatchObject({
      kind: 'no',
      why: expect.stringContaining('undermesh.io/engine=dual-engine'),
    });
  });

  it('trusts the answer to an order only until the feed has caught up', () => {
    const live = engineOff({ generation: 3 });
    const answered = engineOff({ generation: 4, state: 'switching' });
    expect(latestOf(live, answered)).toBe(answered);
    expect(latestOf(engineOff({ generation: 4 }), answered).state).toBe('in-force');
    expect(latestOf(live, undefined)).toBe(live);
  });
});
