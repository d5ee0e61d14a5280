// SPDX-License-Identifier: Apache-2.0

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** A NUL-terminated string of at most `size` bytes; invalid UTF-8 becomes U+FFFD. */
export function readText(bytes: Uint8Array, offset: number, size: number): string {
  const field = bytes.subarray(offset, offset + size);
  const end = field.indexOf(0);
  return DECODER.decode(end < 0 ? field : field.subarray(0, end));
}

/** Writes a string, cut to `size` - 1 bytes and NUL-padded. */
export function writeText(bytes: Uint8Array, offset: number, size: number, text: string): void {
  bytes.fill(0, offset, offset + size);
  bytes.set(ENCODER.encode(text).subarray(0, size - 1), offset);
}
