// SPDX-License-Identifier: Apache-2.0
import { decodeFrame, FRAME_FLAG_SENT_AGAIN, type FrameHeader, sealFrame } from '@undermesh/schema';
import type { RecordsFrame } from './frame-builder.js';

/** Where a frame lies on disk; only the disk knows more about it than its length. */
export interface Place {
  readonly bytes: number;
}

/** A frame that an earlier run left on disk. */
export interface SpooledFrame {
  readonly sequence: bigint;
  readonly ends: number;
  readonly place: Place;
}

interface Waiting {
  readonly sequence: bigint;
  readonly ends: number;
  readonly pushedMs: number;
  /** Absent while the frame is on disk only. */
  memory: { readonly header: FrameHeader; readonly message: Uint8Array } | undefined;
  place: Place | undefined;
  /** Being written: its memory is not to be filled again before that is over. */
  writing: boolean;
  sent: boolean;
}

/** What a frame costs beyond its bytes: objects, views. */
const FRAME_OVERHEAD_BYTES = 512;
/** Frames on disk leave memory when this share of its bound is taken. */
const EVICT_SHARE = 1 / 2;
/** Frames are read from disk up to this share: what is left is for those that are made meanwhile. */
const READ_SHARE = 3 / 4;

/** What a backlog tells others. */
export interface BacklogEvents {
  /** Gets the memory of each frame that needs it no longer: nothing here refers to it any more. */
  readonly onFree?: (message: Uint8Array) => void;
  /** A place whose frame is acknowledged or given up. */
  readonly onRelease?: (place: Place) => void;
  /** The next frame to send is on disk only. */
  readonly onStarved?: () => void;
}

/**
 * Frames that are not acknowledged yet, oldest first: in memory within a bound, on disk, or both. Sequences rise by one
 * from frame to frame, except where a damaged frame was given up.
 */
export class Backlog {
  readonly #limitBytes: number;
  readonly #events: BacklogEvents;
  #frames: Waiting[] = [];
  /** Frames before this index have been sent on the present connection. */
  #next = 0;
  #bytes = 0;
  #ends = 0;
  #spooled = 0;
  #acknowledgedEnds = 0;
  #damagedEnds = 0;
  #acknowledged = 0n;
  #last = 0n;

  /** @param limitBytes what all waiting frames may take in memory. */
  constructor(limitBytes: number, events: BacklogEvents = {}) {
    this.#limitBytes = limitBytes;
    this.#events = events;
  }

  /** Takes up what an earlier run left. How far that run got beyond it is not known: any acknowledgement is believed. */
  restore(frames: readonly SpooledFrame[]): void {
    for (const { sequence, ends, place } of frames) {
      this.#add({ sequence, ends, pushedMs: 0, memory: undefined, place, writing: false, sent: true });
      this.#spooled++;
    }
    this.#last = 2n ** 64n - 1n;
  }

  /** Whether a frame of so many bytes has room. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes + FRAME_OVERHEAD_BYTES <= this.#limitBytes;
  }

  /** The sequence for the next frame to be pushed. */
  get nextSequence(): bigint {
    return this.#last + 1n;
  }

  push({ header, message, ends }: RecordsFrame): void {
    const { sequence } = header;
    const memory = { header, message };
    this.#bytes += message.byteLength;
    this.#add({
      sequence,
      ends,
      pushedMs: performance.now(),
      memory,
      place: undefined,
      writing: false,
      sent: false,
    });
    this.#last = sequence;
  }

  /**
   * The next frame to send on this connection; one that was sent on an earlier one is marked as sent again.
   * `undefined` also while the next one has to be read from disk, which waits until those in flight have left room: what
   * is read takes room from what is made.
   */
  take(): Uint8Array | undefined {
    const frame = this.#frames[this.#next];
    if (frame === undefined) return undefined;
    if (frame.memory === undefined) {
      if (this.#next === 0 || this.#messageBytes <= this.#limitBytes * EVICT_SHARE)
        this.#events.onStarved?.();
      return undefined;
    }
    const { header, message } = frame.memory;
    this.#next++;
    if (frame.sent) sealFrame(message, { ...header, flags: header.flags | FRAME_FLAG_SENT_AGAIN });
    frame.sent = true;
    return message;
  }

  /** Drops frames up to a sequence. False when nothing of that sequence was ever made. */
  acknowledge(sequence: bigint): boolean {
    if (sequence > this.#last) return false;
    const later = this.#frames.findIndex((frame) => frame.sequence > sequence);
    const count = later < 0 ? this.#frames.length : later;
    if (count === 0) return true;
    for (const frame of this.#frames.splice(0, count)) {
      this.#drop(frame);
      this.#acknowledgedEnds += frame.ends;
    }
    this.#acknowledged = sequence;
    this.#next = Math.max(0, this.#next - count);
    return true;
  }

  /** A new connection: everything that is not acknowledged is to be sent, again or for the first time. */
  rewind(): void {
    this.#next = 0;
  }

  /** Whether {@link beginWriting} would begin anything. */
  hasUnwritten(beforeMs: number): boolean {
    return this.#unwritten(beforeMs, 1).length > 0;
  }

  /** Frames that were made before a moment (performance.now()) and are not on disk: oldest first, marked as being written. */
  beginWriting(beforeMs: number, atMost: number): RecordsFrame[] {
    const begun: RecordsFrame[] = [];
    for (const frame of this.#unwritten(beforeMs, atMost)) {
      if (frame.memory === undefined) continue;
      frame.writing = true;
      begun.push({ ...frame.memory, ends: frame.ends });
    }
    return begun;
  }

  /** The writing of a frame is over; without a place it failed. */
  endWriting(sequence: bigint, place?: Place): void {
    const index = this.#indexOf(sequence);
    const frame = this.#frames[index];
    if (frame === undefined) {
      // Acknowledged meanwhile.
      if (place !== undefined) this.#events.onRelease?.(place);
      return;
    }
    frame.writing = false;
    if (place === undefined) return;
    frame.place = place;
    this.#spooled++;
    if (this.underPressure && index >= this.#next) this.#forget(frame);
  }

  /** The next frames to send that have to be read from disk first: one at least, others as far as there is room. */
  toLoad(atMost: number): { readonly sequence: bigint; readonly place: Place }[] {
    const wanted: { sequence: bigint; place: Place }[] = [];
    let bytes = this.#bytes;
    for (const { sequence, memory, place } of this.#frames.slice(this.#next, this.#next + atMost)) {
      if (memory !== undefined || place === undefined) continue;
      bytes += place.bytes;
      if (wanted.length > 0 && bytes > this.#limitBytes * READ_SHARE) break;
      wanted.push({ sequence, place });
    }
    return wanted;
  }

  /** A frame was read from disk. Throws FrameError when it is not what was written. */
  loaded(sequence: bigint, message: Uint8Array): void {
    const { payload: _, ...header } = decodeFrame(message);
    const frame = this.#frames[this.#indexOf(sequence)];
    if (frame === undefined || frame.memory !== undefined) return;
    frame.memory = { header: { ...header, flags: header.flags & ~FRAME_FLAG_SENT_AGAIN }, message };
    this.#bytes += message.byteLength;
  }

  /** Gives up a frame that cannot be read from disk: its ends are lost. */
  giveUp(sequence: bigint): void {
    const index = this.#indexOf(sequence);
    const [frame] = this.#frames.splice(index, index < 0 ? 0 : 1);
    if (frame === undefined) return;
    this.#drop(frame);
    this.#damagedEnds += frame.ends;
    if (index < this.#next) this.#next--;
  }

  /** Whether so much memory is taken that frames had better wait on disk. */
  get underPressure(): boolean {
    return this.#bytes > this.#limitBytes * EVICT_SHARE;
  }

  get frames(): number {
    return this.#frames.length;
  }

  /** Frames that are on disk. */
  get spooledFrames(): number {
    return this.#spooled;
  }

  /** Sent on this connection and not acknowledged. */
  get inFlight(): number {
    return this.#next;
  }

  get unsent(): number {
    return this.#frames.length - this.#next;
  }

  /** Memory that is taken. */
  get bytes(): number {
    return this.#bytes;
  }

  get #messageBytes(): number {
    return this.#bytes - this.#frames.length * FRAME_OVERHEAD_BYTES;
  }

  /** Ends in frames that wait, in memory or on disk. */
  get ends(): number {
    return this.#ends;
  }

  get acknowledgedEnds(): number {
    return this.#acknowledgedEnds;
  }

  /** Ends of frames that were given up. */
  get damagedEnds(): number {
    return this.#damagedEnds;
  }

  /** Last acknowledged sequence. */
  get acknowledgedSequence(): bigint {
    return this.#acknowledged;
  }

  /** Sequence of the newest frame; 0 before the first. */
  get lastSequence(): bigint {
    return this.#last;
  }

  #add(frame: Waiting): void {
    this.#frames.push(frame);
    this.#bytes += FRAME_OVERHEAD_BYTES;
    this.#ends += frame.ends;
  }

  #drop(frame: Waiting): void {
    this.#forget(frame);
    this.#bytes -= FRAME_OVERHEAD_BYTES;
    this.#ends -= frame.ends;
    if (frame.place === undefined) return;
    this.#spooled--;
    this.#events.onRelease?.(frame.place);
  }

  /** Frees the memory of a frame. */
  #forget(frame: Waiting): void {
    if (frame.memory === undefined) return;
    const { message } = frame.memory;
    this.#bytes -= message.byteLength;
    frame.memory = undefined;
    if (!frame.writing) this.#events.onFree?.(message);
  }

  /** They are written in order: what is not on disk stands at the end. */
  #unwritten(beforeMs: number, atMost: number): Waiting[] {
    const frames = this.#frames;
    let first = frames.length;
    while (first > 0 && frames[first - 1]?.place === undefined) first--;
    const found: Waiting[] = [];
    for (let i = first; i < frames.length && found.length < atMost; i++) {
      const frame = frames[i];
      if (frame === undefined || frame.pushedMs > beforeMs) break;
      if (!frame.writing) found.push(frame);
    }
    return found;
  }

  /** Sequences rise: found by halving. */
  #indexOf(sequence: bigint): number {
    let low = 0;
    let high = this.#frames.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#frames[middle]?.sequence ?? 0n;
      if (found === sequence) return middle;
      if (found < sequence) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
