// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

const SECTION_TABLE_OFFSET = 0x28;
const SECTION_ENTRY_BYTES = 0x3a;
const SECTION_COUNT = 0x3c;
const NAMES_INDEX = 0x3e;

/**
 * The bytes of one section of a 64-bit little-endian ELF file (elf(5)), undefined when it has no such section.
 * For what libbpf does not tell: the license.
 */
export function elfSection(path: string, name: string): Buffer | undefined {
  const file = readFileSync(path);
  const table = Number(file.readBigUInt64LE(SECTION_TABLE_OFFSET));
  const entryBytes = file.readUInt16LE(SECTION_ENTRY_BYTES);
  const section = (index: number) => {
    const at = table + index * entryBytes;
    const offset = Number(file.readBigUInt64LE(at + 0x18));
    const size = Number(file.readBigUInt64LE(at + 0x20));
    return { nameOffset: file.readUInt32LE(at), bytes: file.subarray(offset, offset + size) };
  };
  const names = section(file.readUInt16LE(NAMES_INDEX)).bytes;
  for (let i = 1; i < file.readUInt16LE(SECTION_COUNT); i++) {
    const { nameOffset, bytes } = section(i);
    if (names.toString('utf8', nameOffset, names.indexOf(0, nameOffset)) === name) return bytes;
  }
  return undefined;
}
