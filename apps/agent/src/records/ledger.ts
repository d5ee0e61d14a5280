// SPDX-License-Identifier: Apache-2.0
import type { LossReason } from '@undermesh/schema';

/** What the kernel counted since the object was loaded, summed over CPUs. Ends are CLOSED and FAILED records. */
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
}

/** Where every end that was made is. made = acknowledged + waiting + all of lost, in every snapshot. */
export interface Ledger {
  readonly made: number;
  readonly acknowledged: number;
  readonly waiting: number;
  readonly lost: { [Reason in LossReason]?: number };
}

/**
 * Balances the books. Read the kernel's counts first and the agent's own after them, in one turn of the event loop:
 * what is waiting is then the difference, in the ring or in memory. The kernel counts an end just after it has written
 * it, so an end may be in hand a moment before it is in the counts: it is then made all the same.
 */
export function balance(
  counts: Pick<KernelCounts, 'endsEmitted' | 'endsLostRingFull'>,
  own: { readonly acknowledged: number; readonly inMemory: number; readonly lostMemory: number },
): Ledger {
  const handled = own.acknowledged + own.lostMemory;
  const emitted = Math.max(counts.endsEmitted, handled + own.inMemory);
  const lost: { [Reason in LossReason]?: number } = {};
  if (counts.endsLostRingFull > 0) lost.ring_full = counts.endsLostRingFull;
  if (own.lostMemory > 0) lost.agent_memory = own.lostMemory;
  return {
    made: emitted + counts.endsLostRingFull,
    acknowledged: own.acknowledged,
    waiting: emitted - handled,
    lost,
  };
}
