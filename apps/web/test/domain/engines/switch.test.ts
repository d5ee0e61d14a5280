// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type EngineSwitch, SLOT_ENGINES, slotsOf, trackOf } from '@/domain/engines/switch';

const view = (change: Partial<EngineSwitch> = {}): EngineSwitch => ({
  desired: 'dual-engine',
  observed: 'dual-engine',
  state: 'in-force',
  unavailable: {},
  ...change,
});
const rings = (one: EngineSwitch) => slotsOf(one).map(({ ring }) => ring);
const chips = (one: EngineSwitch) => slotsOf(one).map(({ chip }) => chip);

describe('slots of a switch', () => {
  it('rings and tints one slot when what is desired is observed', () => {
    expect(slotsOf(view()).map(({ engine }) => engine)).toEqual([...SLOT_ENGINES]);
    expect(rings(view())).toEqual([null, 'quiet', null]);
    expect(chips(view())).toEqual([null, 'soft', null]);
    expect(trackOf(view())).toBeNull();
  });

  it('moves a solid chip to the ring', () => {
    const moving = view({ desired: 'kernel-native', state: 'switching' });
    expect(rings(moving)).toEqual(['strong', null, null]);
    expect(chips(moving)).toEqual([null, 'solid', null]);
    expect(trackOf(moving)).toEqual({ from: 1, to: 0, moving: true });
  });

  it('shows drift amber, with a line that does not move', () => {
    const drift = view({ observed: 'off', state: 'drift' });
    expect(rings(drift)).toEqual([null, 'drift', null]);
    expect(chips(drift)).toEqual([null, null, 'solid']);
    expect(trackOf(drift)).toEqual({ from: 2, to: 1, moving: false });
  });

  it('keeps the slot of drift that left the engine as it is', () => {
    const links = view({ state: 'drift' });
    expect(rings(links)).toEqual([null, 'drift', null]);
    expect(chips(links)).toEqual([null, 'soft', null]);
    expect(trackOf(links)).toBeNull();
  });

  it('asks instead of claiming when a node is silent or has said nothing', () => {
    const silent = view({ state: 'silent' });
    expect(rings(silent)).toEqual([null, 'silent', null]);
    expect(chips(silent)).toEqual([null, 'unknown', null]);
    expect(trackOf(view({ desired: 'off', state: 'silent' }))).toBeNull();
    expect(chips(view({ observed: null, state: 'switching' }))).toEqual([null, 'unknown', null]);
  });

  it('says in words what is shown, with the reason of what cannot be had', () => {
    const refused = view({
      desired: 'kernel-native',
      state: 'unavailable',
      unavailable: { 'kernel-native': 'the module is not signed' },
    });
    expect(slotsOf(refused).map(({ words }) => words)).toEqual([
      'kernel-native, desired, not available: the module is not signed',
      'dual-engine, observed',
      'off',
    ]);
    expect(slotsOf(refused)[0]?.unavailable).toBe('the module is not signed');
  });
});
