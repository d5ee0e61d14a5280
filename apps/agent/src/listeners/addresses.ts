// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** The schema's bound for one namespace. */
const MAX_ADDRESSES = 4096;

/**
 * Local addresses of the network namespace that a process is in, read through its procfs: no setns needed.
 * `undefined` when the process is gone.
 */
export function addressesOf(pid: number, processes = '/proc'): string[] | undefined {
  const trie = read(`${processes}/${pid}/net/fib_trie`);
  const six = read(`${processes}/${pid}/net/if_inet6`);
  if (trie === undefined && six === undefined) return undefined;
  return [...new Set([...localIpv4(trie ?? ''), ...localIpv6(six ?? '')])].slice(0, MAX_ADDRESSES);
}

/** Addresses with `/32 host LOCAL` below them in the `Local:` trie (kernel: net/ipv4/fib_trie.c). */
export function localIpv4(trie: string): string[] {
  const found = new Set<string>();
  let address = '';
  for (const line of trie.split('\n')) {
    const leaf = /\|-- (\d+\.\d+\.\d+\.\d+)/.exec(line);
    if (leaf !== null) address = leaf[1] ?? '';
    else if (line.includes('/32 host LOCAL') && address !== '') found.add(address);
  }
  return [...found];
}

/** First column of if_inet6: 32 hexadecimal digits. Answers in the form of RFC 5952. */
export function localIpv6(table: string): string[] {
  const found: string[] = [];
  for (const line of table.split('\n')) {
    const digits = /^[0-9a-f]{32}/.exec(line)?.[0];
    if (digits !== undefined) found.push(formatIpv6(Buffer.from(digits, 'hex')));
  }
  return found;
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (start < 0) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** An address of the ABI: IPv4 in the first four bytes, or IPv6. */
export const formatAddress = (bytes: Uint8Array, six: boolean): string =>
  six ? formatIpv6(bytes) : bytes.subarray(0, 4).join('.');

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
