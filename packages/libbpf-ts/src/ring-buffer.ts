// SPDX-License-Identifier: Apache-2.0
//
// The consumer's side of BPF_MAP_TYPE_RINGBUF (kernel: Documentation/bpf/ringbuf.rst, kernel/bpf/ringbuf.c),
// on the ring's own memory: no system call and no callback per record.
//
// Memory order. The kernel publishes the producer position, and each record by clearing the busy bit of its
// header, with release semantics. Here the producer position is read by Atomics.load. Headers are then read
// plainly, a run at a time; a run is followed by loadFence(), and only then are its records read. The consumer
// position is given back by Atomics.store after the copies. V8 compiles Atomics to sequentially consistent
// instructions whether or not the memory is a SharedArrayBuffer (arm64: ldar and stlr; x86-64, where loads are
// never reordered with loads: mov and xchg) and moves no access across them.
import { BpfError } from './errors.js';
import type { BpfMap } from './map.js';
import { pageBytes, SharedMemory } from './shared-memory.js';

/** Where {@link RingBuffer.readBatch} puts the records of one length. */
export interface RecordSink {
  /** Length of the records that it takes. */
  readonly recordBytes: number;
  /** Memory for them, packed from the start. Copies are fastest at multiples of 8 bytes. */
  readonly target: Uint8Array;
  /** How many `target` holds: readBatch adds behind them; set to 0 once they are dealt with. */
  records: number;
}

/** Outcome of one {@link RingBuffer.readBatch}. */
export interface BatchResult {
  /** Records copied. */
  readonly records: number;
  /** Records passed over because no sink takes their length. */
  readonly skipped: number;
  /** Records passed over because the program had discarded them. */
  readonly discarded: number;
  /**
   * Why it ended: the ring is `empty`; the next record is still being written (`busy`); the next record finds
   * its sink `full`, so that there is more to read at once.
   */
  readonly stopped: 'empty' | 'busy' | 'full';
}

/** Outcome of one {@link RingBuffer.readRecords}. */
export interface ReadResult {
  /** Records copied. */
  readonly records: number;
  /** Records passed over because of another length. */
  readonly skipped: number;
  /** More can be read at once: `target` or `max` ended it. */
  readonly truncated: boolean;
}

const HEADER_BYTES = 8;
const BUSY = 0x8000_0000 | 0;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;
/** Headers looked at between two fences: few enough for the records to be in the cache still. */
const RUN_RECORDS = 128;

const fence = new Int32Array(1);

/**
 * Orders every load before it against every load after it. On arm64 a release store waits for earlier loads, the
 * acquire load after it waits for the store, and later loads wait for that.
 */
function loadFence(): void {
  Atomics.store(fence, 0, 0);
  Atomics.load(fence, 0);
}

/**
 * A ring buffer's reader. There may be one per ring at a time; where it stopped is kept by the kernel's memory, so
 * that a ring adopted from a pin goes on where the last reader left off. Meant to be drained by a timer, with
 * programs that submit with `BPF_RB_NO_WAKEUP`.
 */
export class RingBuffer implements Disposable {
  /** Size of the ring. */
  readonly sizeBytes: number;
  readonly #name: string;
  readonly #consumerMemory: SharedMemory;
  readonly #producerMemory: SharedMemory;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #bytes: Uint8Array;
  readonly #headers: Int32Array;
  readonly #words: BigInt64Array;
  readonly #mask: number;
  #closed = false;

  /** The map may be closed afterwards. @throws {BpfError} `BPF_RING`: not a ring buffer; `BPF_MEMORY`. */
  constructor(map: BpfMap) {
    if (map.type !== 'ringbuf')
      throw new BpfError(`Reading map '${map.name}' as a ring buffer failed: it is a ${map.type} map.`, {
        code: 'BPF_RING',
      });
    this.#name = map.name;
    this.sizeBytes = map.maxEntries;
    this.#mask = this.sizeBytes - 1;
    const what = `ring buffer '${map.name}'`;
    this.#consumerMemory = new SharedMemory(map.fd, { bytes: pageBytes, writable: true, what });
    try {
      // The data pages are there twice in a row: a record that wraps around is in one piece all the same.
      this.#producerMemory = new SharedMemory(map.fd, {
        offset: pageBytes,
        bytes: pageBytes + 2 * this.sizeBytes,
        what,
      });
    } catch (error) {
      this.#consumerMemory.close();
      throw error;
    }
    const { buffer } = this.#producerMemory;
    this.#consumer = new BigUint64Array(this.#consumerMemory.buffer, 0, 1);
    this.#producer = new BigUint64Array(buffer, 0, 1);
    this.#bytes = new Uint8Array(buffer, pageBytes);
    this.#headers = new Int32Array(buffer, pageBytes);
    this.#words = new BigInt64Array(buffer, pageBytes);
  }

  /** How far the ring has been read: bytes since it was made. */
  get consumerPosition(): bigint {
    this.#assertOpen();
    return Atomics.load(this.#consumer, 0);
  }

  /** How far the ring has been written or reserved: bytes since it was made. */
  get producerPosition(): bigint {
    this.#assertOpen();
    return Atomics.load(this.#producer, 0);
  }

  /** Bytes written or reserved and not read yet, headers included. */
  get availableBytes(): number {
    const consumer = this.consumerPosition;
    return Number(this.producerPosition - consumer);
  }

  /**
   * Copies records of exactly `recordBytes` to `target`, packed; those of another length are passed over.
   * @param max at most so many records; as many as fit unless given.
   * @throws {BpfError} `BPF_CLOSED`.
   */
  readRecords(target: Uint8Array, recordBytes: number, max = Number.MAX_SAFE_INTEGER): ReadResult {
    const room = Math.min(Math.floor(target.length / recordBytes), max);
    const sink = { recordBytes, target: target.subarray(0, room * recordBytes), records: 0 };
    const { records, skipped, stopped } = this.readBatch([sink]);
    return { records, skipped, truncated: stopped === 'full' };
  }

  /**
   * Copies records to sinks by their length, until the ring is empty, a record is still being written, or a sink
   * is full; records that no sink takes are passed over. What was read makes room in the ring when it returns.
   * @throws {BpfError} `BPF_CLOSED`.
   */
  readBatch(sinks: readonly RecordSink[]): BatchResult {
    this.#assertOpen();
    const routes = sinks.map((sink) => new Route(sink));
    const headers = this.#headers;
    const mask = this.#mask;
    const start = Atomics.load(this.#consumer, 0);
    const available = Number(Atomics.load(this.#producer, 0) - start);
    const first = Number(start & BigInt(mask));
    let done = 0;
    let records = 0;
    let skipped = 0;
    let discarded = 0;
    let stopped: BatchResult['stopped'] = 'empty';
    let route = routes[0];
    while (done < available && stopped === 'empty') {
      let scanned = done;
      for (let i = 0; i < RUN_RECORDS && scanned < available; i++) {
        const header = headers[((first + scanned) & mask) >> 2] as number;
        if ((header & BUSY) !== 0) {
          stopped = 'busy';
          break;
        }
        scanned += recordSpan(header);
      }
      loadFence();
      while (done < scanned) {
        const offset = (first + done) & mask;
        const header = headers[offset >> 2] as number;
        const length = header & LENGTH;
        if ((header & DISCARDED) !== 0) {
          discarded++;
        } else {
          if (route?.recordBytes !== length) route = routeFor(routes, length);
          if (route === undefined) skipped++;
          else if (route.full) {
            stopped = 'full';
            break;
          } else {
            route.copy(this.#words, this.#bytes, offset + HEADER_BYTES);
            records++;
          }
        }
        done += recordSpan(header);
      }
    }
    if (done > 0) Atomics.store(this.#consumer, 0, start + BigInt(done));
    for (const each of routes) each.finish();
    return { records, skipped, discarded, stopped };
  }

  /**
   * Calls `handler` for each record, in place. For rings of few records or of many lengths; {@link readBatch} is
   * the fast way.
   * @param handler gets the ring's memory (read-only: writing to it ends the process) and where in it the record
   * is. The record is gone once drain returns. Returning false stops after this record.
   * @returns how many records were handled.
   * @throws {BpfError} `BPF_CLOSED`; whatever `handler` throws: that record then counts as read.
   */
  drain(
    handler: (memory: Uint8Array, offset: number, bytes: number) => unknown,
    maxRecords = Number.MAX_SAFE_INTEGER,
  ): number {
    this.#assertOpen();
    const start = Atomics.load(this.#consumer, 0);
    const available = Number(Atomics.load(this.#producer, 0) - start);
    const first = Number(start & BigInt(this.#mask));
    let done = 0;
    let records = 0;
    try {
      while (done < available && records < maxRecords) {
        const offset = (first + done) & this.#mask;
        const header = Atomics.load(this.#headers, offset >> 2);
        if ((header & BUSY) !== 0) break;
        done += recordSpan(header);
        if ((header & DISCARDED) !== 0) continue;
        records++;
        if (handler(this.#bytes, offset + HEADER_BYTES, header & LENGTH) === false) break;
        if (this.#closed) break;
      }
    } finally {
      if (!this.#closed) Atomics.store(this.#consumer, 0, start + BigInt(done));
    }
    return records;
  }

  /** Unmaps the ring. What was not read stays in it. Harmless when called again. */
  close(): void {
    this.#closed = true;
    this.#consumerMemory.close();
    this.#producerMemory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new BpfError(`Reading ring buffer '${this.#name}' failed: it is closed.`, { code: 'BPF_CLOSED' });
  }
}

/** Bytes that a record takes up in the ring: header and padding to 8 included. */
function recordSpan(header: number): number {
  return ((header & LENGTH) + HEADER_BYTES + 7) & ~7;
}

/** A loop, not find(): two lengths that alternate come here for every record. */
function routeFor(routes: readonly Route[], length: number): Route | undefined {
  for (const route of routes) if (route.recordBytes === length) return route;
  return undefined;
}

/** A sink with what copying to it needs: by 8 bytes where alignment allows it, which is four times as fast. */
class Route {
  readonly recordBytes: number;
  readonly #sink: RecordSink;
  readonly #capacity: number;
  readonly #target: Uint8Array;
  readonly #words: BigInt64Array | undefined;
  #records: number;

  constructor(sink: RecordSink) {
    const { recordBytes, target } = sink;
    this.#sink = sink;
    this.recordBytes = recordBytes;
    this.#target = target;
    this.#records = sink.records;
    this.#capacity = Math.floor(target.length / recordBytes);
    if (recordBytes % 8 === 0 && target.byteOffset % 8 === 0) {
      this.#words = new BigInt64Array(target.buffer, target.byteOffset, target.length >> 3);
    }
  }

  get full(): boolean {
    return this.#records >= this.#capacity;
  }

  copy(words: BigInt64Array, bytes: Uint8Array, from: number): void {
    const at = this.#records++ * this.recordBytes;
    if (this.#words === undefined) this.#target.set(bytes.subarray(from, from + this.recordBytes), at);
    else copyWords(words, from >> 3, this.#words, at >> 3, this.recordBytes >> 3);
  }

  finish(): void {
    this.#sink.records = this.#records;
  }
}

/** Four words a turn: half the time of one a turn, a fifth of `set(subarray())`, at 192 bytes (bench/). */
function copyWords(
  source: BigInt64Array,
  from: number,
  target: BigInt64Array,
  at: number,
  count: number,
): void {
  const end = from + count;
  const unrolledEnd = end - (count & 3);
  while (from < unrolledEnd) {
    target[at] = source[from] as bigint;
    target[at + 1] = source[from + 1] as bigint;
    target[at + 2] = source[from + 2] as bigint;
    target[at + 3] = source[from + 3] as bigint;
    from += 4;
    at += 4;
  }
  while (from < end) target[at++] = source[from++] as bigint;
}
