// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatAddress, isAnyAddress, isLoopbackAddress, parseAddress } from '../../src/aggregate/address.js';

const words = (text: string): Uint32Array => {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(text);
  return parsed;
};

describe('addresses', () => {
  it.each([
    '10.1.2.3',
    '0.0.0.0',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    '2001:db8::ff00:42:8329',
    '2001:db8:1:1:1:1:1:1',
    '1:0:0:2::3',
  ])('%s comes back the same', (text) => expect(formatAddress(words(text))).toBe(text));

  it('reads other spellings', () => {
    expect(formatAddress(words('::ffff:10.0.0.1'))).toBe('10.0.0.1');
    expect(formatAddress(words('0:0:0:0:0:0:0:1'))).toBe('::1');
    expect(formatAddress(words('fe80::1%eth0'))).toBe('fe80::1');
    expect(formatAddress(words('64:ff9b::192.0.2.33'))).toBe('64:ff9b::c000:221');
  });

  it.each(['', 'x', '1.2.3', '1.2.3.256', ':::', 'localhost'])('takes %j for none', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  it('knows loopback and every address', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1'].every((text) => isLoopbackAddress(words(text)))).toBe(true);
    expect(['128.0.0.1', '::2', '::', '0.0.0.0'].some((text) => isLoopbackAddress(words(text)))).toBe(false);
    expect(['0.0.0.0', '::'].every((text) => isAnyAddress(words(text)))).toBe(true);
    expect(isAnyAddress(words('0.0.0.1'))).toBe(false);
  });
});
