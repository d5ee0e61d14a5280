// SPDX-License-Identifier: Apache-2.0
import type { ConnectionFilter } from './connection-filter.js';
import type { EndIdentity } from './connection-id.js';
import type { RowKey } from './cursor.js';
import type { ReportedEnd } from './end.js';
import type { HistogramWindow } from './histogram-window.js';

/** A stored end and its place in the order. */
export interface StoredEnd extends ReportedEnd {
  readonly key: RowKey;
}

export interface CandidateRequest {
  readonly filter: ConnectionFilter;
  /** Only rows of frames up to this ordinal. */
  readonly asOf: number;
  /** Only rows after (older than) this one. */
  readonly after: RowKey | null;
  /** About how many are wanted. */
  readonly limit: number;
}

export interface Candidates {
  /** Newest first: every end that may stand for a connection that passes the filter, and perhaps some that do not. */
  readonly ends: readonly StoredEnd[];
  /** Where to go on; `null` when there is nothing older. */
  readonly next: RowKey | null;
}

export interface ConnectionCounts {
  /** `null` when counting all would take too long; the histogram is then estimated from a sample of whole connections. */
  readonly matched: number | null;
  /** Closed and failed connections per step of the window asked for. */
  readonly closed: readonly number[];
  readonly failed: readonly number[];
}

export interface CountRequest {
  readonly filter: ConnectionFilter;
  readonly asOf: number;
  readonly window: HistogramWindow | null;
}

/** What a driver must be able to find; {@link listConnections} builds the API's answers on it. */
export interface EndSource {
  /** Ordinal of the last stored frame. */
  readonly lastBatch: number;
  /** Unix ns of the oldest row; `null` when empty. */
  readonly oldestNs: bigint | null;
  /** Unix ns from which on ends are stored that cannot be found yet; `null`: all are found. */
  readonly behindNs: bigint | null;
  candidates(request: CandidateRequest): Promise<Candidates>;
  /** Ends that share a join key with one of these and were reported by the other side. */
  partners(ends: readonly StoredEnd[], asOf: number): Promise<readonly StoredEnd[]>;
  find(identity: EndIdentity): Promise<StoredEnd | null>;
  count(request: CountRequest): Promise<ConnectionCounts>;
}
