// SPDX-License-Identifier: Apache-2.0

/** What a text is found by in the kernel: as bpf/include/route_hash.h has it. */
export interface TextHash {
  readonly hash: number;
  readonly otherHash: number;
}

/** Hashes bytes in their order. */
export function hashBytes(bytes: Uint8Array): TextHash {
  let hash = 0x811c9dc5;
  let other = 0x2f0b4c47;
  for (const byte of bytes) {
    hash = Math.imul(hash ^ byte, 0x01000193);
    other = Math.imul(other ^ byte, 0x5bd1e995);
    other ^= other >>> 15;
  }
  return { hash: hash >>> 0, otherHash: other >>> 0 };
}
