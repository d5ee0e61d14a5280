// SPDX-License-Identifier: Apache-2.0
import type { Engine, NodeEngine } from '@undermesh/schema';

/** What the switch of a node shows, slot by slot: ring = desired, chip = observed. */

/** Slots from left to right. */
export const SLOT_ENGINES = ['kernel-native', 'dual-engine', 'off'] as const satisfies readonly Engine[];

export type EngineSwitch = Pick<NodeEngine, 'desired' | 'observed' | 'state' | 'unavailable'>;

export interface Slot {
  engine: Engine;
  ring: 'quiet' | 'strong' | 'drift' | 'silent' | null;
  /** `soft`: tinted, as desired. `solid`: not where it ought to be. `unknown`: a question mark. */
  chip: 'soft' | 'solid' | 'unknown' | null;
  /** Why the engine cannot run here. */
  unavailable: string | null;
  /** The slot in words, for those who cannot see it. */
  words: string;
}

/** The slots of a switch, in the order of {@link SLOT_ENGINES}. */
export const slotsOf = (view: EngineSwitch): Slot[] => SLOT_ENGINES.map((engine) => slotOf(view, engine));

function slotOf(view: EngineSwitch, engine: Engine): Slot {
  const silent = view.state === 'silent';
  const desired = engine === view.desired;
  const observed = !silent && engine === view.observed;
  const unavailable = observed ? null : (view.unavailable[engine] ?? null);
  const unknown = desired && (silent || view.observed === null);
  const settled = view.desired === view.observed;
  return {
    engine,
    ring: desired ? ringOf(view) : null,
    chip: observed ? (settled ? 'soft' : 'solid') : unknown ? 'unknown' : null,
    unavailable,
    words: [
      engine,
      ...(desired ? ['desired'] : []),
      ...(observed ? ['observed'] : []),
      ...(unknown ? ['not heard of'] : []),
      ...(unavailable === null ? [] : [`not available: ${unavailable}`]),
    ].join(', '),
  };
}

const ringOf = ({ state, desired, observed }: EngineSwitch): Slot['ring'] =>
  state === 'silent'
    ? 'silent'
    : state === 'drift' || state === 'unavailable'
      ? 'drift'
      : desired === observed
        ? 'quiet'
        : 'strong';

/** The line from the observed slot to the desired one; `null` where they are the same, or one is not known. */
export const trackOf = (view: EngineSwitch): { from: number; to: number; moving: boolean } | null => {
  const { desired, observed, state } = view;
  if (observed === null || observed === desired || state === 'silent') return null;
  return {
    from: SLOT_ENGINES.indexOf(observed),
    to: SLOT_ENGINES.indexOf(desired),
    moving: state === 'switching',
  };
};
