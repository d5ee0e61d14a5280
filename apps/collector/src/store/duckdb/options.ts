// SPDX-License-Identifier: Apache-2.0

/** Settings of the embedded store. */
export interface DuckdbOptions {
  /** Holds the segment files; made when missing. Nothing else should be in it. */
  readonly directory: string;
  /** Segments whose last record is older are dropped as a whole. */
  readonly retentionSeconds: number;
  /** Above it the oldest segments are dropped. */
  readonly maxBytes: number;
  /** A segment is followed by a new one after this time. */
  readonly segmentSeconds: number;
  /** Or when its file has grown so large. */
  readonly segmentBytes: number;
  /** Space on the disk that is left to others: below it appends are refused with `store_full`. */
  readonly reserveBytes: number;
  /** How long an append may wait for others to join its transaction, ms. */
  readonly lingerMs: number;
  /** How often retention and free space are looked at, ms. */
  readonly maintenanceMs: number;
  /** DuckDB's `memory_limit`, e.g. `1GB`. */
  readonly memoryLimit: string;
  readonly threads: number;
  /** The log of a segment is folded into its file when it has grown so large. */
  readonly walBytes: number;
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Fills in what is not given. A segment is a 24th of the retention, or a 16th of the byte cap. */
export function duckdbOptions(
  given: Pick<DuckdbOptions, 'directory'> & Partial<DuckdbOptions>,
): DuckdbOptions {
  const retentionSeconds = given.retentionSeconds ?? 86_400;
  const maxBytes = given.maxBytes ?? 4 * GIB;
  return {
    retentionSeconds,
    maxBytes,
    segmentSeconds: Math.max(60, Math.ceil(retentionSeconds / 24)),
    segmentBytes: Math.max(MIB, Math.ceil(maxBytes / 16)),
    reserveBytes: 128 * MIB,
    lingerMs: 1000,
    maintenanceMs: 1000,
    memoryLimit: '1GB',
    threads: 2,
    walBytes: 64 * MIB,
    ...given,
  };
}
