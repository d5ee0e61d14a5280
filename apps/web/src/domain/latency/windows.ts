// SPDX-License-Identifier: Apache-2.0
import type { Change } from '@undermesh/schema';

/** A stretch of time in epoch milliseconds. */
export interface Span {
  from: number;
  to: number;
}
/** Two stretches that are compared, A earlier than B. */
export interface Pair {
  a: Span;
  b: Span;
}

/** How the two windows are chosen. */
export type CompareChoice =
  | { kind: 'change'; number: number }
  | { kind: 'earlier'; seconds: number }
  | { kind: 'windows'; pair: Pair };

const HOUR = 3600;
export const EARLIER = [
  { seconds: HOUR, name: 'Now and one hour earlier' },
  { seconds: 24 * HOUR, name: 'Now and one day earlier' },
  { seconds: 7 * 24 * HOUR, name: 'Now and one week earlier' },
] as const;

/** `change:118`, `earlier:3600` or `<A from>-<A to>,<B from>-<B to>` in seconds. `null` for anything else. */
export function compareOf(text: string | null): CompareChoice | null {
  const [, word, number] = /^(change|earlier):(\d{1,9})$/.exec(text ?? '') ?? [];
  if (word === 'change') return { kind: 'change', number: Number(number) };
  if (word === 'earlier' && Number(number) > 0) return { kind: 'earlier', seconds: Number(number) };
  const found = /^(\d{9,11})-(\d{9,11}),(\d{9,11})-(\d{9,11})$/.exec(text ?? '');
  if (found === null) return null;
  const [aFrom = 0, aTo = 0, bFrom = 0, bTo = 0] = found.slice(1).map((one) => Number(one) * 1000);
  return aTo > aFrom && bTo > bFrom
    ? { kind: 'windows', pair: inOrder({ a: { from: aFrom, to: aTo }, b: { from: bFrom, to: bTo } }) }
    : null;
}

export const compareText = (choice: CompareChoice | null): string | null => {
  if (choice === null) return null;
  switch (choice.kind) {
    case 'change':
      return `change:${choice.number}`;
    case 'earlier':
      return `earlier:${choice.seconds}`;
    case 'windows': {
      const { a, b } = choice.pair;
      return [a, b].map(({ from, to }) => `${Math.round(from / 1000)}-${Math.round(to / 1000)}`).join(',');
    }
  }
};

const inOrder = ({ a, b }: Pair): Pair => (a.from <= b.from ? { a, b } : { a: b, b: a });

const STEP_MS = 10_000;
const floor = (time: number): number => Math.floor(time / STEP_MS) * STEP_MS;
/** Kept free before a change: who asked for it may have looked at something first. */
const CLEAR_BEFORE_MS = 10_000;
/** Kept free after it: while it spreads, neither side is typical. An engine is in force at once. */
const clearAfter = (kind: Change['kind']): number => (kind === 'engine_set' ? 5_000 : 30_000);

/** From when on there is something after a change, epoch ms. */
const afterFrom = ({ time, kind }: Change): number => floor(Date.parse(time) + clearAfter(kind)) + STEP_MS;

/** When a change can be compared around for the first time, epoch ms. */
export const comparableFrom = (change: Change): number => afterFrom(change) + STEP_MS;

/** Each side of a change gets a third of the window, less where the present cuts it off. `null`: it is too young. */
export function around(
  change: Change,
  { now, windowSeconds }: { now: number; windowSeconds: number },
): Pair | null {
  const length = floor(Math.max(60_000, (windowSeconds * 1000) / 3));
  const aTo = floor(Date.parse(change.time) - CLEAR_BEFORE_MS);
  const bFrom = afterFrom(change);
  const bTo = floor(Math.min(now, bFrom + length));
  return bTo <= bFrom ? null : { a: { from: aTo - length, to: aTo }, b: { from: bFrom, to: bTo } };
}

/** The two windows of a choice; `null` while its change is not known or too young. */
export function pairOf(
  choice: CompareChoice | null,
  at: { now: number; windowSeconds: number; change: Change | null },
): Pair | null {
  if (choice === null) return null;
  switch (choice.kind) {
    case 'change':
      return at.change === null ? null : around(at.change, at);
    case 'earlier': {
      const to = floor(at.now);
      const b = { from: to - Math.min(at.windowSeconds, choice.seconds) * 1000, to };
      return { a: { from: b.from - choice.seconds * 1000, to: b.to - choice.seconds * 1000 }, b };
    }
    case 'windows':
      return choice.pair;
  }
}

/** The window cut in two, for readers who want to place the brackets themselves. */
export const halves = ({ from, to }: Span): Pair => {
  const middle = floor((from + to) / 2);
  return { a: { from: floor(from) + STEP_MS, to: middle }, b: { from: middle, to: floor(to) } };
};

/** Which end of which window is moved; `body` moves both ends. */
export type Handle = { side: 'a' | 'b'; part: 'from' | 'to' | 'body' };

/**
 * A pair with one handle moved by `by` ms: kept in `within`, at least one step long, and A before B. Windows that overlap
 * cannot be compared.
 */
export function moved(pair: Pair, { side, part }: Handle, by: number, within: Span): Pair {
  const span = pair[side];
  const room = side === 'a' ? { from: within.from, to: pair.b.from } : { from: pair.a.to, to: within.to };
  const next = { ...span };
  if (part === 'body') {
    const shift = Math.max(room.from - span.from, Math.min(room.to - span.to, by));
    next.from = floor(span.from + shift);
    next.to = next.from + (span.to - span.from);
  } else if (part === 'from') {
    next.from = floor(Math.max(room.from, Math.min(span.to - STEP_MS, span.from + by)));
  } else {
    next.to = floor(Math.min(room.to, Math.max(span.from + STEP_MS, span.to + by)));
  }
  return { ...pair, [side]: next };
}

/** Where the picture ends so that a change is in it: now, unless the change would be out of view. */
export function endFor(
  changedAt: number | null,
  { now, windowSeconds }: { now: number; windowSeconds: number },
): number | null {
  if (changedAt === null || changedAt > now - windowSeconds * 900) return null;
  return floor(Math.min(now, changedAt + windowSeconds * 500));
}
