// SPDX-License-Identifier: Apache-2.0
import { decodeHttpSample, HttpLimit, HttpMethod, HttpRecord, HttpSample } from '@undermesh/bpf-abi';

/** Which requests are asked for: the latest of one end, made in a stretch of time. */
export interface RequestsOf {
  /** The connection's id, which is that of the end. */
  readonly id: string;
  /** Unix ms. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

/** One request as an end saw it. */
export interface StoredRequest {
  /** When its record was made, Unix ms. */
  readonly reportedMs: number;
  readonly method: string | null;
  readonly status: number | null;
  readonly firstByteUs: number | null;
  readonly lastByteUs: number | null;
  /** 0: no kernel took one. */
  readonly route: number;
}

const METHOD_NAMES = new Map(Object.entries(HttpMethod).map(([name, number]) => [number as number, name]));
const known = (us: number): number | null => (us < HttpLimit.UNKNOWN_US ? us : null);

/** The requests of an http record of the present ABI that begins at `at`, oldest first. */
export function requestsIn(records: Uint8Array, at: number, timeNs: bigint): StoredRequest[] {
  const count = records[at + HttpRecord.sampleCount] ?? 0;
  return Array.from({ length: count }, (_, n) => {
    const sample = decodeHttpSample(records, at + HttpRecord.samples + n * HttpSample.BYTES);
    return {
      reportedMs: Number(timeNs / 1_000_000n),
      method: METHOD_NAMES.get(sample.method) ?? null,
      status: sample.status === 0 ? null : sample.status,
      firstByteUs: known(sample.firstByteUs),
      lastByteUs: known(sample.lastByteUs),
      route: sample.route,
    };
  });
}

/** Of requests of several records, each record's oldest first, the latest ones, newest first. */
export const latestRequests = (records: readonly StoredRequest[][], limit: number): StoredRequest[] =>
  records
    .map((requests) => requests.toReversed())
    .sort((a, b) => (b[0]?.reportedMs ?? 0) - (a[0]?.reportedMs ?? 0))
    .flat()
    .slice(0, limit);
