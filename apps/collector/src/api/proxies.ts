// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIP } from 'node:net';
import { UndermeshError } from '@undermesh/core';

/**
 * Who may say, by `X-Forwarded-*`, whom a request is from and what it asked for.
 * @param trusted addresses and prefixes. Throws UndermeshError `config_invalid` for anything else.
 * @returns as fastify's `trustProxy`; `false`: nobody
 */
export function trustedProxies(trusted: readonly string[]): false | ((address: string) => boolean) {
  if (trusted.length === 0) return false;
  const list = new BlockList();
  for (const one of trusted) add(list, one);
  return (address) => list.check(address, familyOf(address));
}

function add(list: BlockList, text: string): void {
  const [address = '', prefix, more] = text.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (isIP(address) === 0 || more !== undefined || prefix === '' || !(length >= 0 && length <= bits)) {
    throw new UndermeshError({
      code: 'config_invalid',
      message: `Cannot use the configuration: collector.trustedProxies holds ${JSON.stringify(text)}: write an address or a prefix, e.g. 127.0.0.1 or 10.0.0.0/8.`,
    });
  }
  list.addSubnet(address, length, familyOf(address));
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
