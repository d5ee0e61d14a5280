// SPDX-License-Identifier: Apache-2.0
import { isIPv4, isIPv6 } from 'node:net';
import type { Addresses } from '../model.js';
import type { Field } from './field.js';

/** RFC 1123 label: names of namespaces and services. */
export function label(field: Field): string {
  return field.matching(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'give a name of at most 63 lower-case letters, digits and -, that begins and ends with a letter or digit',
  );
}

/** RFC 1123 subdomain: names of all other objects. */
export function subdomain(field: Field): string {
  return field.matching(
    /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
    'give a name of at most 253 lower-case letters, digits, - and .',
  );
}

/** Name of a port: RFC 6335, as Kubernetes takes it. */
export function portName(field: Field): string {
  return field.matching(
    /^(?=.{1,63}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/,
    'give a name of lower-case letters, digits and -',
  );
}

export const portNumber = (field: Field): number => field.integer(1, 65_535);

export interface Address {
  readonly family: 'v4' | 'v6';
  /** Canonical. */
  readonly text: string;
}

const NO_ADDRESS: Address = { family: 'v4', text: '0.0.0.0' };

/** A unicast address in canonical text; one that nothing can connect to is reported. */
export function address(field: Field): Address {
  const text = field.text('give an IP address');
  if (text === '') return NO_ADDRESS;
  const parsed = parseAddress(text);
  if (parsed === null) {
    field.wrong('give an IP address, such as 10.96.0.10 or fd00::10');
    return NO_ADDRESS;
  }
  if (unusable(parsed))
    field.wrong('give the address of one host: not the unspecified, a multicast or broadcast one');
  return parsed;
}

/** A prefix of addresses, such as `10.244.1.0/24`, as it is written. */
export function prefix(field: Field): string {
  const text = field.text('give a prefix of addresses');
  const [address = '', bits = ''] = text.split('/');
  const parsed = parseAddress(address);
  const longest = parsed?.family === 'v6' ? 128 : 32;
  if (text !== '' && (parsed === null || !/^\d{1,3}$/.test(bits) || Number(bits) > longest))
    field.wrong('give a prefix of addresses, such as 10.244.1.0/24');
  return text;
}

/** `null` where the text is no IP address. A v4-mapped one is the IPv4 address it stands for. */
export function parseAddress(text: string): Address | null {
  if (isIPv4(text)) return { family: 'v4', text };
  if (!isIPv6(text) || text.includes('%')) return null;
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return { family: 'v6', text: canonical };
  const [high = 0, low = 0] = mapped.slice(1).map((part) => Number.parseInt(part, 16));
  return { family: 'v4', text: `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}` };
}

function unusable({ family, text }: Address): boolean {
  if (family === 'v6') return text === '::' || /^ff[0-9a-f]{2}:/.test(text);
  const first = Number(text.slice(0, text.indexOf('.')));
  return first === 0 || first >= 224;
}

/** By family, each once, in the order given. */
export function byFamily(addresses: readonly Address[]): Addresses {
  const of = (family: 'v4' | 'v6'): string[] => [
    ...new Set(addresses.filter((one) => one.family === family).map((one) => one.text)),
  ];
  return { v4: of('v4'), v6: of('v6') };
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Gateway API duration (GEP-2257) in ms, such as `1m30s` or `250ms`; `0s`, which is "no limit", is `null`. */
export function duration(field: Field): number | null {
  const text = field.matching(
    /^(?:[0-9]{1,5}(?:ms|h|m|s)){1,4}$/,
    'give a duration such as 500ms, 10s or 1m30s',
  );
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g))
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return total === 0 ? null : total;
}
