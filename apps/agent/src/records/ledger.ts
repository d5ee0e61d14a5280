// SPDX-License-Identifier: Apache-2.0
import type { LossReason } from '@undermesh/schema';

/** What the kernel counted, summed over CPUs. Ends are CLOSED and FAILED records. */
export interface KernelCounts {
  readonly endsEmitted: number;
  readonly endsLostRingFull: number;
  readonly openedEmitted: number;
  readonly progressEmitted: number;
  readonly deferred: number;
  readonly storageFailed: number;
  readonly connects: number;
  readonly establishedSource: number;
  readonly establishedDestination: number;
  readonly skippedOtherAgent: number;
  readonly httpRequests: number;
  readonly httpRequestsLost: number;
  readonly httpRecordsEmitted: number;
  readonly httpFramingLost: number;
}

/** What was counted since a moment. */
export function countsSince(origin: KernelCounts, now: KernelCounts): KernelCounts {
  const since: { -readonly [Name in keyof KernelCounts]: number } = { ...now };
  for (const name of Object.keys(since) as (keyof KernelCounts)[]) since[name] -= origin[name];
  return since;
}

/** Where every end that was made is. made = acknowledged + waiting + all of lost, in every snapshot. */
export interface Ledger {
  readonly made: number;
  readonly acknowledged: number;
  readonly waiting: number;
  /** Of those that wait: still in the ring. */
  readonly unread: number;
  readonly lost: { [Reason in LossReason]?: number };
}

/** What the agent itself counted, in ends. */
export interface OwnCounts {
  readonly acknowledged: number;
  /** In memory or on disk. */
  readonly held: number;
  /** After they were read from the ring, by reason. */
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
}

/**
 * Balances the books. Read the kernel's counts first and the agent's own after them, in one turn of the event loop:
 * what is waiting is then the difference, in the ring, in memory or on disk. The kernel counts an end just after it has
 * written it, so an end may be in hand a moment before it is in the counts: it is then made all the same.
 */
export function balance(
  counts: Pick<KernelCounts, 'endsEmitted' | 'endsLostRingFull'>,
  own: OwnCounts,
): Ledger {
  const lost: { [Reason in LossReason]?: number } = {};
  let handled = own.acknowledged;
  for (const [reason, ends] of Object.entries(own.lost) as [LossReason, number][]) {
    if (ends > 0) lost[reason] = ends;
    handled += ends;
  }
  const emitted = Math.max(counts.endsEmitted, handled + own.held);
  if (counts.endsLostRingFull > 0) lost.ring_full = counts.endsLostRingFull;
  return {
    made: emitted + counts.endsLostRingFull,
    acknowledged: own.acknowledged,
    waiting: emitted - handled,
    unread: emitted - handled - own.held,
    lost,
  };
}
