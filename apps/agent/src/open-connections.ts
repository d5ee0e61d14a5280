// SPDX-License-Identifier: Apache-2.0
import type { KernelCounts } from './records/ledger.js';

/** What the drain saw go by. */
export interface SeenEvents {
  /** FAILED records: ends of connections that were never established. */
  readonly failed: number;
  /** Connections older than the agent: OPENED for the first time, or CLOSED without ever having been announced. */
  readonly adopted: number;
}

/**
 * Established ends that are open now: established (counted by the kernel) and taken up, less those that ended. Ends
 * lost in a full ring count as closed: the kernel does not say which of them were failed connects.
 */
export function openConnections(counts: KernelCounts, seen: SeenEvents): number {
  const begun = counts.establishedSource + counts.establishedDestination + seen.adopted;
  const closed = counts.endsEmitted + counts.endsLostRingFull - seen.failed;
  return Math.max(0, begun - closed);
}
