// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, RecordColumns, Reporter } from '@undermesh/bpf-abi';
import { CLOSE_REASONS, FAILURE_REASONS } from '@undermesh/schema';
import { formatAddress, readAddressOf } from '../aggregate/address.js';
import { isEnd } from '../aggregate/record-check.js';
import type { Collector } from '../collector.js';
import type { RecordBatch, Workload } from '../store/store.js';

const FIRST_FAILURE = 16;

const reasonOf = (reason: number): string =>
  (reason >= FIRST_FAILURE ? FAILURE_REASONS[reason - FIRST_FAILURE] : CLOSE_REASONS[reason - 1]) ??
  'unknown';

/** Sends every ended connection end as a log record. Returns the function that ends it. */
export async function sendRecordsAsLogs({ ingest, placements }: Collector): Promise<() => void> {
  const { logs, SeverityNumber } = await import('@opentelemetry/api-logs');
  const logger = logs.getLogger('undermesh');
  return ingest.intake.subscribe((batch) => {
    const columns = new RecordColumns(batch.records, batch.recordBytes);
    for (let index = 0; index < batch.count; index++) {
      if (batch.localWorkload[index] === 0 || !isEnd(columns.u8(index, Field.event))) continue;
      const timestamp = new Date(
        Number((columns.u64big(index, Field.timeNs) + batch.realtimeOffsetNs) / 1_000_000n),
      );
      const failed = columns.u8(index, Field.reason) >= FIRST_FAILURE;
      logger.emit({
        eventName: 'undermesh.connection',
        timestamp,
        severityNumber: failed ? SeverityNumber.WARN : SeverityNumber.INFO,
        severityText: failed ? 'WARN' : 'INFO',
        body: failed ? 'connect failed' : 'connection closed',
        attributes: attributesOf(batch, { columns, index, workload: (id) => placements.get(id) }),
      });
    }
  });
}

function attributesOf(
  batch: RecordBatch,
  of: { columns: RecordColumns; index: number; workload: (id: number) => Workload | undefined },
): Record<string, string | number> {
  const { columns, index } = of;
  const address = (offset: number): string => {
    const words = new Uint32Array(4);
    readAddressOf(columns, { index, offset }, words);
    return formatAddress(words);
  };
  const isSource = columns.u8(index, Field.reporter) === Reporter.SOURCE;
  const local = of.workload(batch.localWorkload[index] ?? 0);
  const peer = of.workload(batch.peerWorkload[index] ?? 0);
  const [source, destination] = isSource ? [local, peer] : [peer, local];
  return {
    'host.name': batch.node,
    reporter: isSource ? 'source' : 'destination',
    source_workload: source?.name ?? 'unknown',
    source_workload_namespace: source?.namespace ?? 'unknown',
    destination_workload: destination?.name ?? 'unknown',
    destination_workload_namespace: destination?.namespace ?? 'unknown',
    'network.local.address': address(Field.localAddress),
    'network.local.port': columns.u16(index, Field.localPort),
    'network.peer.address': address(Field.peerAddress),
    'network.peer.port': columns.u16(index, Field.peerPort),
    reason: reasonOf(columns.u8(index, Field.reason)),
    sent_bytes: columns.u64(index, Field.sentBytes),
    received_bytes: columns.u64(index, Field.receivedBytes),
    retransmitted_segments: columns.u32(index, Field.retransmittedSegments),
    connect_us: columns.u32(index, Field.connectUs),
    round_trip_us: columns.u32(index, Field.srttUs),
  };
}
