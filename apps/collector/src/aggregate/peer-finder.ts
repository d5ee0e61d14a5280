// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, type RecordColumns, Reporter } from '@undermesh/bpf-abi';
import { type AddressWords, readAddressOf } from './address.js';
import { isRefusal } from './record-check.js';
import type { Stream } from './streams.js';

/** Names the other end of a record by its address. */
export class PeerFinder {
  readonly #address: AddressWords = new Uint32Array(4);
  readonly #from = { node: 0, namespace: 0 };
  /** The namespace looked up last: records of one come in rows. */
  #stream = 0;
  #low = -1;
  #high = -1;

  /** Who the directory says is at the peer's address, or the service that nobody answered for; 0 when it does not know. */
  find(columns: RecordColumns, index: number, by: { stream: Stream; placement: number }): number {
    const { stream } = by;
    const { directory } = stream.cluster;
    this.#readNamespace(columns, index, stream);
    if (by.placement !== stream.unknown) directory.speak(this.#from.namespace, by.placement);
    if (isRefusal(columns, index)) {
      const service = columns.u32(index, Field.serviceId);
      return service === 0 ? 0 : stream.cluster.outside.service(service);
    }
    this.#readPeer(columns, index);
    const isSource = columns.u8(index, Field.reporter) === Reporter.SOURCE;
    return directory.find(this.#address, isSource ? columns.u16(index, Field.peerPort) : 0, this.#from);
  }

  /** Whether an agent watches the peer's address. */
  isWatched(columns: RecordColumns, index: number, stream: Stream): boolean {
    this.#readNamespace(columns, index, stream);
    this.#readPeer(columns, index);
    return stream.cluster.directory.isWatched(this.#address, this.#from.namespace);
  }

  /** The peer as a bare address outside. */
  outside(columns: RecordColumns, index: number, by: { stream: Stream; now: number }): number {
    this.#readPeer(columns, index);
    return by.stream.cluster.outside.placement(this.#address, by.now);
  }

  #readNamespace(columns: RecordColumns, index: number, stream: Stream): void {
    const low = columns.u32(index, Field.netnsCookie);
    const high = columns.u32(index, Field.netnsCookie + 4);
    if (low === this.#low && high === this.#high && stream.number === this.#stream) return;
    this.#from.node = stream.node;
    this.#from.namespace = stream.cluster.directory.namespace(stream.node, low, high);
    this.#low = low;
    this.#high = high;
    this.#stream = stream.number;
  }

  #readPeer(columns: RecordColumns, index: number): void {
    readAddressOf(columns, { index, offset: Field.peerAddress }, this.#address);
  }
}
