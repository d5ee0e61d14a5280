// SPDX-License-Identifier: Apache-2.0
import { AddressFamily, CloseReason, RecordEvent } from '@undermesh/bpf-abi';
import type { RecordBatch, Workload } from '../../src/store/store.js';
import { address, batchOf, type EndOfBatch, partnerOf, randomFrom, record, workload } from './traffic.js';

export const NODES = ['n1', 'n2', 'n3'] as const;
const REASONS = [CloseReason.LOCAL_FIN, CloseReason.PEER_FIN, CloseReason.PEER_RESET, CloseReason.TIMED_OUT];
const FAILURES = [CloseReason.REFUSED, CloseReason.CONNECT_TIMED_OUT];
const PROCESSES = ['node', 'payd', 'nginx', 'postgres-writer'];

/** Workloads 1 to 9 in three namespaces; the ninth is Undermesh's own. */
export const WORKLOADS: Workload[] = Array.from({ length: 9 }, (_, at) =>
  workload(at + 1, {
    name: ['web', 'api', 'db'][at % 3] ?? '',
    namespace: ['a', 'b', 'c'][Math.floor(at / 3)] ?? '',
    system: at === 8,
  }),
);

/** Random connections: joined, lone, failed, of both families, with guesses that are often wrong. */
export function randomBatches(seed: number, connections: number): RecordBatch[] {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const int = (below: number): number => Math.floor(random() * below);
  const perNode = new Map<string, EndOfBatch[]>(NODES.map((node) => [node, []]));
  let cookie = 1n;
  for (let n = 0; n < connections; n++) {
    const [a, b] = [1 + int(9), 1 + int(9)];
    const v6 = random() < 0.2;
    const host = (id: number): Uint8Array =>
      v6 ? address(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, id) : address(10, 0, 0, id);
    const failed = random() < 0.2;
    const timeNs = BigInt(1_000_000_000_000 + int(600) * 1_000_000_000 + int(3) * 1000);
    const source = record({
      event: failed ? RecordEvent.FAILED : RecordEvent.CLOSED,
      reason: failed ? pick(FAILURES) : pick(REASONS),
      family: v6 ? AddressFamily.IPV6 : pick([AddressFamily.IPV4, AddressFamily.V4_MAPPED]),
      timeNs,
      openedNs: timeNs - BigInt(int(10_000_000)),
      socketCookie: cookie++,
      localAddress: host(a),
      peerAddress: host(b),
      originalAddress: host(b),
      localPort: 40_000 + int(20_000),
      peerPort: pick([80, 443, 8443]),
      process: pick(PROCESSES),
      clientIsn: failed ? 0 : n + 1,
      serverIsn: failed ? 0 : 1 + int(1_000_000),
      sentBytes: BigInt(int(1000)),
      receivedBytes: BigInt(int(1000)),
    });
    const destination = partnerOf(source, {
      socketCookie: cookie++,
      process: pick(PROCESSES),
      localAddress: random() < 0.2 ? host(100 + b) : host(b),
      localPort: pick([80, 443, 8443]),
      timeNs: timeNs + BigInt(int(4) === 0 ? int(300) * 1_000_000_000 : int(2_000_000)),
    });
    const seen = random();
    if (failed || seen < 0.85)
      perNode.get(pick(NODES))?.push({ value: source, local: a, peer: pick([b, b, 0, 1 + int(9)]) });
    if (!failed && seen > 0.15)
      perNode.get(pick(NODES))?.push({ value: destination, local: b, peer: pick([a, a, 0]) });
  }
  const batches: RecordBatch[] = [];
  NODES.forEach((node, at) => {
    const ends = perNode.get(node) ?? [];
    for (let from = 0, sequence = 1n; from < ends.length; from += 37, sequence++) {
      batches.push(
        batchOf(ends.slice(from, from + 37), { node, streamId: `${at + 1}`.repeat(32), sequence }),
      );
    }
  });
  return batches
    .sort(() => random() - 0.5)
    .sort((x, y) => (x.streamId === y.streamId ? Number(x.sequence - y.sequence) : 0));
}
