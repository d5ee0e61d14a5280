// SPDX-License-Identifier: Apache-2.0
import type { Engine, NodeEngine } from '@undermesh/schema';

/** Connections that an earlier generation steered stay with it until they end. */

export interface Drain {
  /** Still with earlier generations. */
  old: number;
  /** Of all that engines steered, 0 to 1; `null` while the engine is off, which counts nothing of its own. */
  share: number | null;
  /** The engine that most of them are with; `null`: nobody remembers. */
  engine: Engine | null;
}

/** `null`: not known. `old` 0: nothing drains. */
export function drainOf({ draining, connections, observed, state }: NodeEngine): Drain | null {
  if (state === 'silent' || connections === null) return null;
  const old = draining.reduce((sum, { connections: count }) => sum + count, 0);
  const main = draining.reduce<NodeEngine['draining'][number] | null>(
    (most, one) => (most === null || one.connections > most.connections ? one : most),
    null,
  );
  const share = observed === 'off' ? null : old === 0 ? 0 : old / (old + connections);
  return { old, share, engine: main?.engine ?? null };
}

/** Open connections at a moment by the engine that steers them; `null`: nobody said. */
export interface OpenSample {
  /** Epoch ms. */
  at: number;
  open: Readonly<Record<Engine | 'forgotten', number>> | null;
}

/** What is open now, by engine. */
export function sampleOf(engine: NodeEngine, at: number): OpenSample {
  if (engine.state === 'silent' || engine.connections === null || engine.observed === null) {
    return { at, open: null };
  }
  const open = { 'kernel-native': 0, 'dual-engine': 0, off: 0, forgotten: 0 };
  open[engine.observed] += engine.connections;
  for (const { engine: old, connections } of engine.draining) open[old ?? 'forgotten'] += connections;
  return { at, open };
}

/** Samples kept: half an hour of one a second. */
const KEPT_MS = 1_800_000;

/** Adds a sample; one that is less than half a second after the last replaces it. */
export const withSample = (samples: readonly OpenSample[], sample: OpenSample): OpenSample[] => {
  const last = samples.at(-1);
  const before = last !== undefined && sample.at - last.at < 500 ? samples.slice(0, -1) : samples;
  return [...before.filter(({ at }) => sample.at - at < KEPT_MS), sample];
};
