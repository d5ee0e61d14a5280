// SPDX-License-Identifier: Apache-2.0
import { FRAME_FLAG_SENT_AGAIN, sealFrame } from '@undermesh/schema';
import type { RecordsFrame } from './frame-builder.js';

interface Waiting extends RecordsFrame {
  sent: boolean;
}

/** What a frame costs beyond its bytes: objects, views. */
const FRAME_OVERHEAD_BYTES = 512;

/** Frames that are not acknowledged yet, oldest first, bounded in memory. Sequences rise by one from frame to frame. */
export class Backlog {
  readonly #limitBytes: number;
  readonly #release: (message: Uint8Array) => void;
  #frames: Waiting[] = [];
  /** Frames before this index have been sent on the present connection. */
  #next = 0;
  #bytes = 0;
  #ends = 0;
  #acknowledgedEnds = 0;
  #acknowledged = 0n;
  #last = 0n;

  /**
   * @param limitBytes what all waiting frames may take.
   * @param release gets the memory of each frame that is acknowledged: nothing here refers to it any more.
   */
  constructor(limitBytes: number, release: (message: Uint8Array) => void = () => {}) {
    this.#limitBytes = limitBytes;
    this.#release = release;
  }

  /** Whether a frame of so many bytes has room. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes + FRAME_OVERHEAD_BYTES <= this.#limitBytes;
  }

  /** The sequence for the next frame to be pushed. */
  get nextSequence(): bigint {
    return this.#last + 1n;
  }

  push(frame: RecordsFrame): void {
    this.#frames.push({ ...frame, sent: false });
    this.#bytes += frame.message.byteLength + FRAME_OVERHEAD_BYTES;
    this.#ends += frame.ends;
    this.#last = frame.header.sequence;
  }

  /** The next frame to send on this connection; one that was sent on an earlier one is marked as sent again. */
  take(): Uint8Array | undefined {
    const frame = this.#frames[this.#next];
    if (frame === undefined) return undefined;
    this.#next++;
    if (frame.sent)
      sealFrame(frame.message, { ...frame.header, flags: frame.header.flags | FRAME_FLAG_SENT_AGAIN });
    frame.sent = true;
    return frame.message;
  }

  /** Drops frames up to a sequence. False when nothing of that sequence was ever made. */
  acknowledge(sequence: bigint): boolean {
    if (sequence > this.#last) return false;
    const first = this.#frames[0];
    if (first === undefined || sequence < first.header.sequence) return true;
    const count = Number(sequence - first.header.sequence) + 1;
    for (const frame of this.#frames.splice(0, count)) {
      this.#bytes -= frame.message.byteLength + FRAME_OVERHEAD_BYTES;
      this.#ends -= frame.ends;
      this.#acknowledgedEnds += frame.ends;
      this.#release(frame.message);
    }
    this.#acknowledged = sequence;
    this.#next = Math.max(0, this.#next - count);
    return true;
  }

  /** A new connection: everything that is not acknowledged is to be sent, again or for the first time. */
  rewind(): void {
    this.#next = 0;
  }

  get frames(): number {
    return this.#frames.length;
  }

  /** Sent on this connection and not acknowledged. */
  get inFlight(): number {
    return this.#next;
  }

  get unsent(): number {
    return this.#frames.length - this.#next;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Ends in frames that wait. */
  get ends(): number {
    return this.#ends;
  }

  get acknowledgedEnds(): number {
    return this.#acknowledgedEnds;
  }

  /** Last acknowledged sequence. */
  get acknowledgedSequence(): bigint {
    return this.#acknowledged;
  }

  /** Sequence of the newest frame; 0 before the first. */
  get lastSequence(): bigint {
    return this.#last;
  }
}
