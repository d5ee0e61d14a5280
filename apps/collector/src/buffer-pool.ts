// SPDX-License-Identifier: Apache-2.0

const SMALLEST_BYTES = 1 << 14;
/** What lies here unused at most. */
const MOST_BYTES = 1 << 26;

/**
 * Memory of frames that is used again. A frame is a quarter of a megabyte, and hundreds come in a second: made anew,
 * each would be zeroed page by page, and V8 would look for garbage for as long as it takes to count the frame.
 */
export class BufferPool {
  /** By the power of two that is their size. */
  readonly #free = new Map<number, ArrayBuffer[]>();
  #bytes = 0;

  /** A buffer of at least so many bytes, with whatever it held before. */
  take(bytes: number): ArrayBuffer {
    const size = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, bytes))));
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return new ArrayBuffer(size);
    this.#bytes -= size;
    return buffer;
  }

  /** Takes back a buffer that {@link take} gave and nobody reads any more. */
  give(buffer: ArrayBuffer): void {
    const { byteLength } = buffer;
    if (byteLength === 0 || this.#bytes + byteLength > MOST_BYTES) return;
    const others = this.#free.get(byteLength);
    if (others === undefined) this.#free.set(byteLength, [buffer]);
    else others.push(buffer);
    this.#bytes += byteLength;
  }
}
