// SPDX-License-Identifier: Apache-2.0
import type { Traffic } from '@undermesh/schema';

/** Figures derived from counts over a window. `null` where there is nothing to divide by. */

/** Connects tried in the window: those established and those that failed. */
export const attempts = (traffic: Traffic): number => traffic.opened + traffic.failed.total;

/** Share of connects that failed; `null` when nothing was tried. */
export const failedShare = (traffic: Traffic): number | null =>
  attempts(traffic) > 0 ? traffic.failed.total / attempts(traffic) : null;

/** Share of sent segments that were sent again. */
export const retransmitShare = (traffic: Traffic): number | null =>
  traffic.segmentsSent > 0 ? traffic.retransmittedSegments / traffic.segmentsSent : null;

/** Both directions' payload. */
export const totalBytes = (traffic: Traffic): number => traffic.sentBytes + traffic.receivedBytes;

/** Reasons with their counts, most first, those of 0 left out. */
export const byCount = (reasons: Readonly<Record<string, number | undefined>>): [string, number][] =>
  Object.entries(reasons)
    .map(([reason, count]): [string, number] => [reason, count ?? 0])
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
