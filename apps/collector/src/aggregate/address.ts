// SPDX-License-Identifier: Apache-2.0
import { isIPv4, isIPv6 } from 'node:net';
import { AddressFamily, ConnectionRecord, type RecordColumns } from '@undermesh/bpf-abi';

/** An address as four 32-bit words, most significant first; IPv4 as `::ffff:a.b.c.d`. Reused: copy what must last. */
export type AddressWords = Uint32Array;

const MAPPED_PREFIX = 0xffff;

/** Reads an address as a record holds it. */
export function readAddress(bytes: Uint8Array, family: number, into: AddressWords): void {
  const word = (at: number): number =>
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0;
  if (family === AddressFamily.IPV6) {
    for (let i = 0; i < 4; i++) into[i] = word(i * 4);
    return;
  }
  into[0] = 0;
  into[1] = 0;
  into[2] = MAPPED_PREFIX;
  into[3] = word(0);
}

const swapped = (word: number): number =>
  ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;

/** The same in place, without a view of the bytes: for hot paths. */
export function readAddressOf(
  columns: RecordColumns,
  at: { index: number; offset: number },
  into: AddressWords,
): void {
  const { index, offset } = at;
  if (columns.u8(index, ConnectionRecord.family) === AddressFamily.IPV6) {
    for (let i = 0; i < 4; i++) into[i] = swapped(columns.u32(index, offset + i * 4));
    return;
  }
  into[0] = 0;
  into[1] = 0;
  into[2] = MAPPED_PREFIX;
  into[3] = swapped(columns.u32(index, offset));
}

/** Parses a textual address; `null` when it is none. */
export function parseAddress(text: string): AddressWords | null {
  const bare = text.replace(/%.*$/, '');
  if (isIPv4(bare)) {
    const words = new Uint32Array(4);
    words[2] = MAPPED_PREFIX;
    words[3] = ipv4Word(bare);
    return words;
  }
  if (!isIPv6(bare)) return null;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  let whole = bare;
  if (dotted?.[1] !== undefined && dotted[2] !== undefined) {
    const word = ipv4Word(dotted[2]);
    whole = `${dotted[1]}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  }
  const [head = '', tail] = whole.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  const words = new Uint32Array(4);
  for (let i = 0; i < 4; i++) {
    words[i] =
      Number.parseInt(groups[i * 2] ?? '0', 16) * 65536 + Number.parseInt(groups[i * 2 + 1] ?? '0', 16);
  }
  return words;
}

function ipv4Word(text: string): number {
  return text.split('.').reduce((word, part) => word * 256 + Number(part), 0);
}

export const isIpv4Words = (words: AddressWords): boolean =>
  words[0] === 0 && words[1] === 0 && words[2] === MAPPED_PREFIX;

/** `0.0.0.0` or `::`: every address. */
export const isAnyAddress = (words: AddressWords): boolean =>
  words[0] === 0 && words[1] === 0 && words[3] === 0 && (words[2] === 0 || words[2] === MAPPED_PREFIX);

/** 127.0.0.0/8 or ::1. */
export const isLoopbackAddress = (words: AddressWords): boolean =>
  words[0] === 0 &&
  words[1] === 0 &&
  ((words[2] === MAPPED_PREFIX && (words[3] ?? 0) >>> 24 === 127) || (words[2] === 0 && words[3] === 1));

/** 127.0.0.1 or ::1: what every process of a namespace speaks from unless it chooses otherwise. */
export const isEverybodysLoopback = (words: AddressWords): boolean =>
  isLoopbackAddress(words) && (words[2] === 0 || words[3] === 0x7f000001);

/** Canonical text (RFC 5952 for IPv6). */
export function formatAddress(words: AddressWords): string {
  if (isIpv4Words(words)) {
    const word = words[3] ?? 0;
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
  }
  const groups: number[] = [];
  for (const word of words) groups.push(word >>> 16, word & 0xffff);
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}
