// SPDX-License-Identifier: Apache-2.0
import { ABI_VERSION, ConnectionRecord } from '@undermesh/bpf-abi';
import {
  AGENT_PAYLOAD_BYTES,
  FRAME_HEADER_BYTES,
  FRAME_TYPES,
  type FrameHeader,
  sealFrame,
} from '@undermesh/schema';

/** A moment on both clocks of the node, ns. */
export interface ClockPair {
  readonly boottime: bigint;
  readonly realtime: bigint;
}

/** A sealed `records` frame. */
export interface RecordsFrame {
  readonly header: FrameHeader;
  /** Header and payload. */
  readonly message: Uint8Array;
  /** CLOSED and FAILED records in it. */
  readonly ends: number;
}

const CAPACITY = FRAME_HEADER_BYTES + AGENT_PAYLOAD_BYTES;
/** Frames emptier than this are copied to memory of their own size, so that what waits takes no more than it holds. */
const COPY_BELOW = CAPACITY / 2;

/** Memory kept for frames to come: enough for those that are on their way under load. */
const MAX_SPARE = 8;

/** Memory of frames that are over, for those to come. */
export class FrameMemory {
  readonly #spare: ArrayBuffer[] = [];

  take(): ArrayBuffer {
    return this.#spare.pop() ?? new ArrayBuffer(CAPACITY);
  }

  /** Takes back the memory of a frame that nobody needs any more. */
  give({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === CAPACITY && this.#spare.length < MAX_SPARE) {
      this.#spare.push(buffer);
    }
  }
}

/** The frame that is being filled with records of one kind: they go straight from the ring to behind 64 free bytes. */
export class FrameBuilder {
  readonly recordBytes: number;
  /** Records in the frame; what reads the ring raises it. */
  records = 0;
  /** CLOSED and FAILED records among them. */
  ends = 0;
  /** Requests that http records among them tell of. */
  requests = 0;
  readonly #streamId: Uint8Array;
  readonly #spare: FrameMemory;
  readonly #maxRecords: number;
  #memory: Uint8Array<ArrayBuffer>;
  #target: Uint8Array;
  #words: Uint32Array;

  /** @param streamId 16 bytes. */
  constructor(
    streamId: Uint8Array,
    options: { readonly recordBytes?: number; readonly memory?: FrameMemory } = {},
  ) {
    this.#streamId = streamId;
    this.recordBytes = options.recordBytes ?? ConnectionRecord.BYTES;
    this.#spare = options.memory ?? new FrameMemory();
    this.#maxRecords = Math.floor(AGENT_PAYLOAD_BYTES / this.recordBytes);
    this.#memory = new Uint8Array(this.#spare.take());
    this.#target = this.#memory.subarray(FRAME_HEADER_BYTES);
    this.#words = new Uint32Array(this.#memory.buffer, FRAME_HEADER_BYTES);
  }

  /** Where records go, packed. */
  get target(): Uint8Array {
    return this.#target;
  }

  /** The same memory as 32-bit words. */
  get words(): Uint32Array {
    return this.#words;
  }

  get full(): boolean {
    return this.records >= this.#maxRecords;
  }

  /** Size of the frame if it were sealed now. */
  get bytes(): number {
    return FRAME_HEADER_BYTES + this.records * this.recordBytes;
  }

  /** Seals the frame and begins the next one. */
  seal(sequence: bigint, clock: ClockPair): RecordsFrame {
    const { bytes, ends, records } = this;
    const header: FrameHeader = {
      type: FRAME_TYPES.records,
      flags: 0,
      streamId: this.#streamId,
      sequence,
      boottimeNs: clock.boottime,
      realtimeNs: clock.realtime,
      abiVersion: ABI_VERSION,
      recordBytes: this.recordBytes,
      recordCount: records,
    };
    let message = this.#memory.subarray(0, bytes);
    if (bytes < COPY_BELOW) message = message.slice();
    else this.#renew();
    sealFrame(message, header);
    this.clear();
    return { header, message, ends };
  }

  /** Throws the records away. */
  clear(): void {
    this.records = 0;
    this.ends = 0;
    this.requests = 0;
  }

  #renew(): void {
    this.#memory = new Uint8Array(this.#spare.take());
    this.#target = this.#memory.subarray(FRAME_HEADER_BYTES);
    this.#words = new Uint32Array(this.#memory.buffer, FRAME_HEADER_BYTES);
  }
}
