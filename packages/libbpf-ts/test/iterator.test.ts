// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findCgroup2Mount } from '../src/index.js';
import { describeAsRoot, loadFixture, openConnection, temporaryCgroup, thrownBy } from './support.js';

/** struct tcp_line of the fixture: family, port, state. */
function tcpLines(output: Buffer) {
  return Array.from({ length: output.length / 8 }, (_, i) => ({
    port: output.readUInt16LE(i * 8 + 2),
    state: output.readUInt32LE(i * 8 + 4),
  }));
}

/** Where this process is, below the mount of cgroup v2. */
function ownCgroup(): string {
  return /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
}

const openDescriptors = () => readdirSync('/proc/self/fd').length;

describeAsRoot('BpfIterator', () => {
  test('walks over TCP sockets, as often as asked', async () => {
    using link = loadFixture('sockets').program('walk_tcp').attach();
    const iterator = link.createIterator();
    const { port, client } = await openConnection();
    const found = tcpLines(iterator.readAll());
    expect(found).toContainEqual({ port, state: 10 }); // TCP_LISTEN
    expect(found).toContainEqual({ port, state: 1 }); // TCP_ESTABLISHED
    expect(found).toContainEqual({ port: client.localPort, state: 1 });
    const descriptors = openDescriptors();
    for (let i = 0; i < 50; i++) expect(iterator.run()).toBeGreaterThan(0);
    expect(openDescriptors()).toBe(descriptors);
  });

  test('walks over the storage of sockets', async () => {
    const object = loadFixture('sockets');
    const cgroup = temporaryCgroup();
    const home = join(findCgroup2Mount(), ownCgroup());
    using socketsLink = object.program('count_established').attachCgroup(cgroup);
    using link = object.program('walk_notes').attachIter({ map: object.map('note_by_socket') });
    const iterator = link.createIterator();
    expect(iterator.readAll().length).toBe(0);
    writeFileSync(join(cgroup, 'cgroup.procs'), String(process.pid));
    onTestFinished(() => writeFileSync(join(home, 'cgroup.procs'), String(process.pid)));
    await openConnection();
    const notes = new BigUint64Array(new Uint8Array(iterator.readAll()).buffer);
    expect([...notes].sort()).toEqual([1000n, 1001n]);
    expect(iterator.run()).toBe(16);
    expect(socketsLink.type).toBe('cgroup');
  });

  test('returns output larger than one read', () => {
    using link = loadFixture('sockets').program('walk_tasks').attachIter();
    const pids = new Uint32Array(new Uint8Array(link.createIterator().readAll()).buffer);
    expect(pids).toContain(process.pid);
    expect(pids.length).toBeGreaterThan(20);
  });

  test('takes the task to walk over', () => {
    using link = loadFixture('sockets').program('walk_tasks').attachIter({ tid: process.pid });
    const pids = new Uint32Array(new Uint8Array(link.createIterator().readAll()).buffer);
    expect([...pids]).toEqual([process.pid]);
  });

  test('ends with its link', () => {
    const link = loadFixture('sockets').program('walk_tcp').attach();
    const iterator = link.createIterator();
    link.close();
    expect(thrownBy(() => iterator.run())).toMatchObject({ code: 'BPF_CLOSED' });
  });

  test('says when the map is missing', () => {
    const program = loadFixture('sockets').program('walk_notes');
    expect(thrownBy(() => program.attachIter())).toMatchObject({ code: 'BPF_ATTACH' });
  });
});
