// SPDX-License-Identifier: Apache-2.0
// How fast the collector's own code takes frames, without a socket or a store; and what JSON would take for the same.
import { randomBytes } from 'node:crypto';
import { decodeConnectionRecord } from '@undermesh/bpf-abi';
import { decodeFrame } from '@undermesh/schema';
// The collector's own parts: nobody's API, measured here as they are.
import { Aggregator } from '../../apps/collector/dist/aggregate/aggregator.js';
import { Placements } from '../../apps/collector/dist/aggregate/placements.js';
import { Streams } from '../../apps/collector/dist/aggregate/streams.js';
import { DictionaryReader, nameBudget } from '../../apps/collector/dist/ingest/dictionary.js';
import { Intake } from '../../apps/collector/dist/ingest/intake.js';
import { ownCpuNs } from './cpu.js';
import { RECORDS_PER_FRAME, RecordFrames, SAMPLE_DICTIONARY } from './record-frames.js';
import { bootstrapMedian, type Estimate } from './statistics.js';

const FRAMES = 80;
/** The collector's defaults. */
const LIMITS = { edges: 100_000, openEnds: 500_000, joins: 1_000_000, cells: 3_000_000, series: 20_000 };
const ADDRESSES = 1_000;

/** ns of CPU per record. */
export interface AggregateRate {
  readonly aggregated: Estimate;
  readonly json: Estimate;
  /** Of a record as JSON. */
  readonly jsonBytes: number;
}

/** Takes fresh frames round by round, as they come off the wire: length, CRC, every record checked, joined, counted. */
export function measureAggregate(rounds: number): AggregateRate {
  const streamId = randomBytes(16);
  const frames = new RecordFrames(streamId);
  const placements = new Placements(() => {});
  const streams = new Streams(placements, ADDRESSES);
  const aggregator = new Aggregator(streams, placements, LIMITS);
  const intake = new Intake(aggregator, placements);
  const stream = streams.get({ id: streamId.toString('hex'), node: 'bench', cluster: 'default' });
  new DictionaryReader(stream, { placements, names: nameBudget() }).apply(SAMPLE_DICTIONARY);
  const json = jsonOf(frames.next());
  const times = { aggregated: [] as number[], json: [] as number[] };
  for (let round = -5; round < rounds; round++) {
    const fresh = Array.from({ length: FRAMES }, () => frames.next());
    let start = ownCpuNs();
    for (const message of fresh) {
      const { invalid } = intake.take(decodeFrame(message), stream, Date.now());
      if (invalid > 0) throw new Error(`${invalid} records were refused`);
    }
    aggregator.tick(Date.now());
    const aggregated = ownCpuNs() - start;
    start = ownCpuNs();
    for (let i = 0; i < 4; i++) JSON.parse(json);
    const parsed = ownCpuNs() - start;
    if (round < 0) continue;
    times.aggregated.push(aggregated / FRAMES / RECORDS_PER_FRAME);
    times.json.push(parsed / 4 / RECORDS_PER_FRAME);
  }
  return {
    aggregated: bootstrapMedian(times.aggregated),
    json: bootstrapMedian(times.json),
    jsonBytes: Buffer.byteLength(json) / RECORDS_PER_FRAME,
  };
}

function jsonOf(message: Uint8Array): string {
  const { payload, recordBytes, recordCount } = decodeFrame(message);
  const records = Array.from({ length: recordCount }, (_, i) =>
    decodeConnectionRecord(payload, i * recordBytes),
  );
  return JSON.stringify(records, (_, value: unknown) => {
    if (typeof value === 'bigint') return Number(value);
    return value instanceof Uint8Array ? value.subarray(0, 4).join('.') : value;
  });
}
