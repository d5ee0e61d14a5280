// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AddressFamily, encodeListenerEntry } from '@undermesh/bpf-abi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Identity } from '../../src/identity/identity.js';
import { Workloads } from '../../src/identity/workloads.js';
import { formatIpv6, localIpv4, localIpv6 } from '../../src/listeners/addresses.js';
import { Listeners } from '../../src/listeners/listeners.js';
import { FixtureHost } from '../identity/fixture-host.js';

const FIB_TRIE = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.1.0.0/24 2 0 2
        |-- 10.1.0.7
           /32 host LOCAL
        |-- 10.1.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
Local:
  +-- 0.0.0.0/0 3 0 5
        |-- 10.1.0.7
           /32 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
`;
const IF_INET6 = `00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000020c29fffe123456 02 40 20 80     eth0
`;

describe('addresses', () => {
  it('reads fib_trie and if_inet6', () => {
    expect(localIpv4(FIB_TRIE)).toEqual(['10.1.0.7', '127.0.0.1']);
    expect(localIpv6(IF_INET6)).toEqual(['::1', 'fe80::20c:29ff:fe12:3456']);
  });

  it.each([
    ['00000000000000000000000000000000', '::'],
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000100000000000100000001', '2001:db8:1::1:0:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['00010000000000020000000000000003', '1:0:0:2::3'],
    ['00000000000000000000ffff0a010007', '::ffff:a01:7'],
    ['ff020000000000000000000000000000', 'ff02::'],
  ])('writes %s as %s', (hex, text) => {
    expect(formatIpv6(Buffer.from(hex, 'hex'))).toBe(text);
  });
});

describe('listeners', () => {
  let host: FixtureHost;
  let listeners: Listeners;
  let workloads: Workloads;

  beforeEach(() => {
    host = new FixtureHost();
    workloads = new Workloads();
    const options = { rules: [], systemCgroups: [], mount: host.mount, scope: '/', tail: () => undefined };
    const identity = new Identity(workloads, { ...options, processes: host.processes });
    const collector = { port: 7070, name: 'undermesh-collector' };
    listeners = new Listeners({ identity, collector, processes: host.processes });
    host.begin(5, { comm: 'web', startTicks: 1 });
    mkdirSync(join(host.processes, '5', 'net'));
    writeFileSync(join(host.processes, '5', 'net', 'fib_trie'), FIB_TRIE);
    writeFileSync(join(host.processes, '5', 'net', 'if_inet6'), IF_INET6);
  });
  afterEach(() => host.remove());

  const entry = (
    port: number,
    fields: { address?: number[]; six?: boolean; pid?: number; netns?: bigint } = {},
  ) => {
    const address = new Uint8Array(16);
    address.set(fields.address ?? []);
    return encodeListenerEntry({
      socketCookie: 1n,
      cgroupId: 1n,
      netnsCookie: fields.netns ?? 1n,
      address,
      process: 'web',
      pid: fields.pid ?? 5,
      port,
      family: fields.six === true ? AddressFamily.IPV6 : AddressFamily.IPV4,
      reserved: 0,
    });
  };
  const update = (...entries: Uint8Array[]) => listeners.update(Buffer.concat(entries), 1e9);

  it('tells what comes and goes, once', () => {
    update(entry(80), entry(443, { six: true }), entry(8080, { address: [10, 1, 0, 7] }));
    const first = listeners.takeChanges();
    expect(first.listeners.map(({ address, port, open }) => [address, port, open])).toEqual([
      ['0.0.0.0', 80, true],
      ['::', 443, true],
      ['10.1.0.7', 8080, true],
    ]);
    expect(first.namespaces).toEqual([
      { netnsCookie: '1', addresses: ['10.1.0.7', '127.0.0.1', '::1', 'fe80::20c:29ff:fe12:3456'] },
    ]);
    update(entry(80), entry(443, { six: true }), entry(8080, { address: [10, 1, 0, 7] }));
    expect(listeners.hasChanges).toBe(false);
    update(entry(80));
    expect(listeners.takeChanges().listeners.map(({ port, open }) => [port, open])).toEqual([
      [443, false],
      [8080, false],
    ]);
    expect(listeners.takeAll().listeners.map(({ port }) => port)).toEqual([80]);
    expect(listeners.size).toBe(1);
  });

  it('says that a namespace without listeners is gone', () => {
    update(entry(80));
    listeners.takeChanges();
    update();
    expect(listeners.takeChanges().namespaces).toEqual([{ netnsCookie: '1', addresses: [] }]);
    expect(listeners.takeAll().namespaces).toEqual([]);
  });

  it('takes sockets that share an address and port as one', () => {
    update(entry(80), entry(80, { pid: 6 }), entry(80, { netns: 2n, pid: 6 }));
    expect(listeners.takeChanges().listeners.map(({ netnsCookie }) => netnsCookie)).toEqual(['1', '2']);
  });

  it('knows the collector of this host by its port', () => {
    update(entry(80), entry(7070, { pid: 9 }));
    const byPort = new Map(listeners.takeAll().listeners.map((found) => [found.port, found.workloadId]));
    expect(workloads.get(byPort.get(7070) ?? 0)).toMatchObject({ name: 'undermesh-collector', system: true });
    expect(workloads.get(byPort.get(80) ?? 0)).toMatchObject({ name: 'web', system: false });
  });
});
