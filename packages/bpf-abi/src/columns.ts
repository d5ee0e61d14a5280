// SPDX-License-Identifier: Apache-2.0

/**
 * Records of one layout, tightly packed, read in place: no object, string or copy per record. Offsets are those of the
 * generated structures, e.g. `columns.u32(i, ConnectionRecord.pid)`. Little-endian, as every machine we run on.
 *
 * A shorter layout of an earlier ABI is read as far as it goes: ask {@link has} before a member that was added later.
 */
export class RecordColumns {
  /** Records that fit whole. */
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;

  /**
   * @param bytes the records; copied once when they do not start on a multiple of 4 bytes
   * @param recordBytes size of one record, a multiple of 8. Throws RangeError otherwise.
   */
  constructor(
    bytes: Uint8Array,
    readonly recordBytes: number,
  ) {
    if (recordBytes <= 0 || recordBytes % 8 !== 0) {
      throw new RangeError(`a record of ${recordBytes} bytes: expected a positive multiple of 8`);
    }
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    this.count = Math.floor(aligned.byteLength / recordBytes);
    this.#bytes = aligned;
    this.#u16 = new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1);
    this.#u32 = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
  }

  /** Whether records of this size hold the member at all. */
  has(offset: number, size: number): boolean {
    return offset + size <= this.recordBytes;
  }

  u8(index: number, offset: number): number {
    return this.#bytes[index * this.recordBytes + offset] ?? 0;
  }

  u16(index: number, offset: number): number {
    return this.#u16[(index * this.recordBytes + offset) >> 1] ?? 0;
  }

  u32(index: number, offset: number): number {
    return this.#u32[(index * this.recordBytes + offset) >> 2] ?? 0;
  }

  /** A 64-bit member as a number: exact below 2^53. */
  u64(index: number, offset: number): number {
    const at = (index * this.recordBytes + offset) >> 2;
    return (this.#u32[at] ?? 0) + (this.#u32[at + 1] ?? 0) * 4294967296;
  }

  /** A 64-bit member with all its bits. Allocates: not for hot paths. */
  u64big(index: number, offset: number): bigint {
    const at = (index * this.recordBytes + offset) >> 2;
    return (BigInt(this.#u32[at + 1] ?? 0) << 32n) | BigInt(this.#u32[at] ?? 0);
  }

  /** A view of a member's bytes, not a copy. */
  bytes(index: number, offset: number, length: number): Uint8Array {
    const at = index * this.recordBytes + offset;
    return this.#bytes.subarray(at, at + length);
  }
}
