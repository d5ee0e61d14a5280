// SPDX-License-Identifier: Apache-2.0
import type { Edge, Requests, Series, Traffic, Window } from '@undermesh/schema';

/** Figures derived from counts over a window. `null` where there is nothing to divide by. */

/** Events per second over the window. */
export const perSecond = (count: number, window: Window): number | null =>
  window.seconds > 0 ? count / window.seconds : null;

/** Connects tried in the window: those established and those that failed. */
export const attempts = (traffic: Traffic): number => traffic.opened + traffic.failed.total;

/** How much an edge carries, to rank it by: a joined edge has requests and no connections. */
export const volume = (traffic: Traffic): number => Math.max(attempts(traffic), traffic.requests?.total ?? 0);

/** Share of connects that failed; `null` when nothing was tried. */
export const failedShare = (traffic: Traffic): number | null => {
  const tried = attempts(traffic);
  return tried > 0 ? traffic.failed.total / tried : null;
};

/** Share of sent segments that were sent again. */
export const retransmitShare = (traffic: Traffic): number | null =>
  traffic.segmentsSent > 0 ? traffic.retransmittedSegments / traffic.segmentsSent : null;

export const totalBytes = (traffic: Traffic): number => traffic.sentBytes + traffic.receivedBytes;

type Measure =
  | 'opened'
  | 'closed'
  | 'failed'
  | 'open'
  | 'sentBytes'
  | 'receivedBytes'
  | 'requests'
  | 'requestErrors';

/** Whether a step is still running: what was counted in it until now, by the whole step, would read as a fall. */
const isRunning = (series: Series, index: number, now: number): boolean =>
  Date.parse(series.from) + (index + 1) * series.stepSeconds * 1000 > now;

/** Per-second figures of a series; gauges (`open`) stay as they are. `null` is a gap, the running step is one too. */
export const rates = (series: Series, measure: Measure, now: number = Date.now()): (number | null)[] =>
  series[measure].map((value, index) => {
    if (value === null || measure === 'open') return value;
    return isRunning(series, index, now) ? null : value / series.stepSeconds;
  });

/** Failed share per step. A step without any connect has none. */
export const failedShares = (series: Series): (number | null)[] =>
  series.opened.map((opened, index) => {
    const failed = series.failed[index] ?? null;
    if (opened === null || failed === null) return null;
    return opened + failed === 0 ? null : failed / (opened + failed);
  });

/** Both directions' bytes per second; the running step is a gap. */
export const dataRates = (series: Series, now: number = Date.now()): (number | null)[] =>
  series.sentBytes.map((sent, index) => {
    const received = series.receivedBytes[index] ?? null;
    if (sent === null || received === null || isRunning(series, index, now)) return null;
    return (sent + received) / series.stepSeconds;
  });

export interface FailureRow {
  edge: Edge;
  reason: string;
  count: number;
}

/** Failed and broken connections by edge and reason, most first. */
export const failureRows = (edges: readonly Edge[]): FailureRow[] =>
  edges
    .flatMap((edge) =>
      Object.entries({ ...edge.traffic.failed.reasons, ...edge.traffic.broken.reasons })
        .filter(([reason, count]) => (count ?? 0) > 0 && reason !== 'local_fin' && reason !== 'peer_fin')
        .map(([reason, count]) => ({ edge, reason, count: count ?? 0 })),
    )
    .sort((a, b) => b.count - a.count);

/** The largest value, or `null` when all are gaps. */
export const peak = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>(
    (top, value) => (value === null || (top !== null && top >= value) ? top : value),
    null,
  );

/** Share of HTTP requests that ended in status 5xx or without an answer; `null` when none were seen. */
export const requestErrorShare = (requests: Requests | null): number | null =>
  requests === null || requests.total === 0
    ? null
    : ((requests.statusClasses['5xx'] ?? 0) + (requests.statusClasses.none ?? 0)) / requests.total;
