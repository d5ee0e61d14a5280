// SPDX-License-Identifier: Apache-2.0
import {
  encodeLegRecord,
  encodeLegSample,
  HttpLimit,
  HttpMethod,
  LegSample,
  type LegSampleValue,
  RecordEvent,
  RecordKind,
} from '@undermesh/bpf-abi';
import type { FakeConnection } from './records.js';

const ANSWERED: LegSampleValue = {
  firstByteUs: 1000,
  lastByteUs: 1500,
  waypointUs: 200,
  status: 200,
  method: HttpMethod.GET,
  flags: 0,
};

/** A leg record of a waypoint: requests of a connection from a client that went on to a server, or to nobody. */
export function legRecord(
  client: FakeConnection,
  onward: FakeConnection | null,
  samples: readonly Partial<LegSampleValue>[],
): Uint8Array {
  const bytes = new Uint8Array(HttpLimit.SAMPLES * LegSample.BYTES);
  for (const [at, sample] of samples.entries())
    bytes.set(encodeLegSample({ ...ANSWERED, ...sample }), at * LegSample.BYTES);
  const kind = { kind: RecordKind.LEG };
  return encodeLegRecord({
    connection: client.record('destination', RecordEvent.PROGRESS, kind),
    onward: onward?.record('source', RecordEvent.PROGRESS, kind) ?? new Uint8Array(192),
    sampleCount: samples.length,
    reserved: new Uint8Array(7),
    samples: bytes,
  });
}
