// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { inNetworkNamespace } from '../src/index.js';
import { describeAsRoot, loadFixture, openConnection, thrownBy } from './support.js';

const current = () => readlinkSync('/proc/thread-self/ns/net');

/** A process in a network namespace of its own, until the end of the test. */
async function temporaryNamespace(): Promise<string> {
  const child = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill());
  await new Promise((ready) => child.stdout.once('data', ready));
  return `/proc/${child.pid}/ns/net`;
}

describeAsRoot('inNetworkNamespace', () => {
  test('runs there and returns here', async () => {
    const path = await temporaryNamespace();
    const here = current();
    const seen = inNetworkNamespace(path, () => ({
      namespace: current(),
      devices: readFileSync('/proc/thread-self/net/dev', 'utf8'),
    }));
    expect(seen.namespace).toBe(readlinkSync(path));
    expect(seen.namespace).not.toBe(here);
    expect(seen.devices.trim().split('\n')).toHaveLength(3); // two lines of heading, and lo
    expect(current()).toBe(here);
  });

  test('returns after an error, and refuses promises', async () => {
    const path = await temporaryNamespace();
    const here = current();
    expect(
      thrownBy(() =>
        inNetworkNamespace(path, () => {
          throw new Error('mine');
        }),
      ).message,
    ).toBe('mine');
    expect(current()).toBe(here);
    expect(thrownBy(() => inNetworkNamespace(path, async () => 1))).toMatchObject({ code: 'BPF_NAMESPACE' });
    expect(current()).toBe(here);
  });

  test('has iterators walk over the sockets there', async () => {
    const path = await temporaryNamespace();
    await openConnection();
    using link = loadFixture('sockets').program('walk_tcp').attach();
    expect(inNetworkNamespace(path, () => link.createIterator().run())).toBe(0);
    expect(link.createIterator().run()).toBeGreaterThan(0);
  });

  test('says what is not a namespace', () => {
    expect(thrownBy(() => inNetworkNamespace('/proc/0/ns/net', () => 1))).toMatchObject({
      code: 'BPF_NAMESPACE',
      syscall: 'open',
    });
    expect(thrownBy(() => inNetworkNamespace('/etc/passwd', () => 1))).toMatchObject({
      code: 'BPF_NAMESPACE',
      errnoName: 'EINVAL',
    });
  });
});
