// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { LEFT_OUT, ownWords, Redactor } from '../src/index.js';

const words = ownWords();
const redactor = (anonymise = false): Redactor => new Redactor({ anonymise, words });

describe('text', () => {
  it.each([
    'nothing answers at 127.0.0.1:7070: connect ECONNREFUSED 127.0.0.1:7070',
    'agent.ringBytes is 100000: set it to a power of two, e.g. 131072',
    "the collector's clock is 14 s ahead",
    'a program on cgroup_sock_ops of /sys/fs/cgroup lets no other one beside it',
    '2026-11-22T23:00:00.000Z took 0.35 ms, [::1]:7070 and fd00::2',
  ])('of our own stays: %s', (text) => {
    expect(redactor().text(text)).toBe(text);
  });

  it.each([
    ['Bearer Zm9v/aXM=/c2VjcmV0', `Bearer ${LEFT_OUT}`],
    ['UNDERMESH_TOKEN=umt_Q7xPq9', `UNDERMESH_TOKEN=${LEFT_OUT}`],
    ['wss://joe:Q7xPq9@10.0.0.1:7070/ingest/v1?t=Q7xPq9', 'wss://10.0.0.1:7070'],
    ['/etc/Q7xPq9/key', `/etc/${LEFT_OUT}`],
    ['"GET', '"GET'],
    ['(x-api-key:Q7xPq9)', `(x-api-key:${LEFT_OUT})`],
    ['4111111111111111', LEFT_OUT],
    ['nonsense://Q7xPq9.example', LEFT_OUT],
  ])('of others is left out: %s', (text, shown) => {
    expect(redactor().text(text)).toBe(shown);
  });

  it('has names once they are known', () => {
    const one = redactor();
    expect(one.text('xq7-cart is silent')).toBe(`${LEFT_OUT} is silent`);
    one.name('xq7-cart');
    expect(one.text('xq7-cart is silent, host/xq7-cart: 3')).toBe('xq7-cart is silent, host/xq7-cart: 3');
  });
});

describe('pseudonyms', () => {
  it('are the same wherever a name or an address stands, and differ between them', () => {
    const one = redactor(true);
    expect([one.name('alpha'), one.name('xq7'), one.name('alpha')]).toEqual(['name-1', 'name-2', 'name-1']);
    expect(one.text('alpha at 10.0.0.1:80, xq7 at 10.0.0.2, alpha at 10.0.0.1')).toBe(
      'name-1 at address-1:80, name-2 at address-2, name-1 at address-1',
    );
    expect(one.url('https://[fd00::1]:7070/x')).toBe('https://address-3:7070');
    expect(one.url('https://xq7.example/x')).toBe('https://name-3');
  });

  it('leave loopback and names that everybody has', () => {
    const one = redactor(true);
    expect([one.name('default'), one.address('127.0.0.1'), one.address('::1')]).toEqual([
      'default',
      '127.0.0.1',
      '::1',
    ]);
  });
});
