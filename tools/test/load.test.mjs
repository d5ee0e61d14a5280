// SPDX-License-Identifier: Apache-2.0
// The load program tells the truth: both ends agree with each other and with the kernel's own counters.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runLoadClient, startLoadServer } from '../testbed/load.mjs';
import { addBlackhole, joinByBridge, parseSnmp, setSysctls, tcpCounters } from '../testbed/namespaces.mjs';
import { Testbed } from '../testbed/testbed.mjs';

const address = ['10.77.2.1', 'fd77::2:1'];
vi.setConfig({ testTimeout: 300_000 });

let testbed;
let left;
let right;

beforeAll(async () => {
  testbed = await Testbed.create(`undermesh-test-load-${process.pid}`);
  const fabric = testbed.namespace('fabric');
  left = testbed.namespace('left');
  right = testbed.namespace('right');
  joinByBridge(fabric, [
    { namespace: left, addresses: ['10.77.1.1/16', '10.77.1.2/16', 'fd77::1:1/64'] },
    { namespace: right, addresses: ['10.77.2.1/16', 'fd77::2:1/64'] },
  ]);
  for (const namespace of [left, right])
    setSysctls(namespace, { 'net.ipv4.ip_local_port_range': '10000 65000' });
  setSysctls(left, { 'net.ipv4.tcp_syn_retries': 1 });
});
afterAll(() => testbed.destroy());

async function exchange(options, port = '9000-9003') {
  const server = await startLoadServer(testbed, { address, port }, { namespace: right });
  const before = [tcpCounters(left), tcpCounters(right)];
  const client = await runLoadClient(testbed, { address, port, ...options }, { namespace: left });
  const after = [tcpCounters(left), tcpCounters(right)];
  return {
    client,
    server: await server.stop(),
    opened: after[0].activeOpens - before[0].activeOpens,
    accepted: after[1].passiveOpens - before[1].passiveOpens,
    attemptFails: after[0].attemptFails - before[0].attemptFails,
  };
}

describe('the load program', () => {
  for (const ending of ['client-closes', 'server-closes', 'client-resets', 'server-resets']) {
    it(`counts what it made: ${ending}`, async () => {
      const made = await exchange({
        connections: 3000,
        send: '16-3000',
        receive: '1-100000',
        source: ['10.77.1.1', '10.77.1.2', 'fd77::1:1'],
        ending,
      });
      expect(made.client).toMatchObject({
        attempted: 3000,
        established: 3000,
        completed: 3000,
        failed: {},
        broken: {},
      });
      expect(made.server).toMatchObject({ established: 3000, completed: 3000, broken: {} });
      expect(made.opened).toBe(3000);
      expect(made.accepted).toBe(3000);
      expect(made.server.bytesReceived).toBe(made.client.bytesSent);
      expect(made.server.bytesSent).toBe(made.client.bytesReceived);
      expect(Object.keys(made.client.byPort)).toEqual(['9000', '9001', '9002', '9003']);
      expect(made.server.byPort['9002'].bytesSent).toBe(made.client.byPort['9002'].bytesReceived);
    });
  }

  it('can make at least 5,000 connections a second', async () => {
    const { client } = await exchange({ connections: 10_000 });
    expect(client.completed).toBe(10_000);
    expect(10_000 / (client.cpuMs / 1000)).toBeGreaterThan(5000); // of its own time: the machine may be busy
  });

  it('counts empty connections', async () => {
    const { client, server, accepted } = await exchange({ connections: 500, send: 0, receive: 0 });
    expect([client.completed, server.completed, accepted]).toEqual([500, 500, 500]);
    expect([client.bytesSent, server.bytesReceived]).toEqual([0, 0]);
  });

  it('keeps a rate and holds connections open', async () => {
    const { client } = await exchange({ connections: 200, rate: 200, hold: 300 });
    expect(client.completed).toBe(200);
    expect(client.elapsedMs).toBeGreaterThan(1200);
  });

  it('counts refused, timed out, abandoned and unreachable connects', async () => {
    addBlackhole(left, '10.77.255.1');
    const run = (options) => runLoadClient(testbed, { port: '9999', ...options }, { namespace: left });
    const before = tcpCounters(left);
    const [refused, timedOut, abandoned, unreachable] = await Promise.all([
      run({ address, connections: 100 }),
      run({ address: '10.77.255.1', connections: 10 }),
      run({ address: '10.77.255.1', connections: 20, giveUp: 200 }),
      run({ address: '192.0.2.1', connections: 5 }),
    ]);
    expect(refused.failed).toEqual({ ECONNREFUSED: 100 });
    expect(timedOut.failed).toEqual({ ETIMEDOUT: 10 });
    expect(abandoned).toMatchObject({ attempted: 20, abandoned: 20, failed: {} });
    expect(unreachable.failed).toEqual({ EHOSTUNREACH: 5 });
    expect(tcpCounters(left).activeOpens - before.activeOpens).toBe(130); // the unreachable sent no SYN
  });

  it('says what it does not take', async () => {
    await expect(runLoadClient(testbed, { address: 'x', port: 1 })).rejects.toThrow('not an address: x');
    await expect(runLoadClient(testbed, { address: '::1', port: 1, send: 3 })).rejects.toThrow(
      'at least 16 bytes',
    );
  });
});

it('reads the kernel’s TCP counters', () => {
  const text =
    'Ip: A\nIp: 1\nTcp: ActiveOpens PassiveOpens AttemptFails EstabResets RetransSegs\nTcp: 5 4 3 2 1\n';
  expect(parseSnmp(text)).toEqual({
    activeOpens: 5,
    passiveOpens: 4,
    attemptFails: 3,
    establishedResets: 2,
    segmentsRetransmitted: 1,
  });
});

it('is formatted like all C here', () => {
  const source = fileURLToPath(new URL('../testbed/load/', import.meta.url));
  const style = fileURLToPath(new URL('../../bpf/.clang-format', import.meta.url));
  const parameters = ['--dry-run', '--Werror', `--style=file:${style}`, ...readdirSync(source)];
  execFileSync('clang-format', parameters, { cwd: source, stdio: 'pipe' });
});
