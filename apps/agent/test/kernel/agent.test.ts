// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ConnectionRecord,
  decodeConnectionRecord,
  decodeHttpRecord,
  HttpRecord,
  RecordEvent,
  Reporter,
} from '@undermesh/bpf-abi';
import { bpffs, findCgroup2Mount, isBpffs, listLinks, listPrograms, mountBpffs } from '@undermesh/libbpf-ts';
import { FRAME_TYPES } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Agent, createAgent, loadAgentConfig } from '../../src/index.js';
import { TestCollector } from '../test-collector.js';

const root = process.getuid?.() === 0;

/** Runs Node code in a cgroup; resolves with its output. */
function inCgroup(cgroup: string, code: string): Promise<string> {
  const script = `echo $$ > "${cgroup}/cgroup.procs"; exec "${process.execPath}" -e "$0"`;
  const child = spawn('sh', ['-c', script, code], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('close', (status) =>
      status === 0 ? resolve(output) : reject(new Error(`ended with ${status}`)),
    );
  });
}

describe.skipIf(!root)('an agent on this kernel (needs root and cgroup v2)', { timeout: 30_000 }, () => {
  let directory: string;
  let cgroup: string;
  let collector: TestCollector;
  let agent: Agent | undefined;
  let mounted = false;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'undermesh-agent-'));
    cgroup = join(findCgroup2Mount(), `undermesh-agent-test-${process.pid}`);
    mkdirSync(join(cgroup, 'shop', 'reviews@v2'), { recursive: true });
    writeFileSync(join(directory, 'credential'), 'secret\n', { mode: 0o600 });
    collector = await new TestCollector({ token: 'secret' }).start();
    if (!isBpffs('/sys/fs/bpf')) {
      mountBpffs('/sys/fs/bpf');
      mounted = true;
    }
  });

  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
    await collector.stop();
    rmSync(directory, { recursive: true });
    for (const path of ['shop/reviews@v2', 'shop', '']) rmdirSync(join(cgroup, path));
    if (mounted) bpffs.unmountBpffs('/sys/fs/bpf');
    mounted = false;
  });

  const start = async (settings: Record<string, unknown> = {}): Promise<Agent> => {
    const file = join(directory, 'undermesh.yaml');
    const config = {
      node: 'test-node',
      cgroup,
      collector: { url: collector.url, credentialFile: join(directory, 'credential') },
      listen: { port: 0 },
      runDirectory: join(directory, 'run'),
      spool: { directory: join(directory, 'spool') },
      pinDirectory: `/sys/fs/bpf/undermesh-test-${process.pid}`,
      ringBytes: 1 << 20,
      logLevel: 'silent',
      identity: [{ cgroup: '**/:namespace/:workload@:version' }],
      ...settings,
    };
    writeFileSync(file, JSON.stringify({ agent: config }));
    agent = createAgent(loadAgentConfig({ file }));
    await agent.start();
    await collector.until(() => collector.frames(FRAME_TYPES.hello).length > 0, 'a hello');
    return agent;
  };
  /** Records of one length: of one kind. */
  const decoded = <T>(bytes: number, decode: (payload: Uint8Array, offset: number) => T): T[] =>
    collector
      .frames(FRAME_TYPES.records)
      .filter(({ recordBytes }) => recordBytes === bytes)
      .flatMap(({ payload, recordCount }) =>
        Array.from({ length: recordCount }, (_, i) => decode(payload, i * bytes)),
      );
  const records = () => decoded(ConnectionRecord.BYTES, decodeConnectionRecord);
  const ends = () =>
    records().filter(({ event }) => event === RecordEvent.CLOSED || event === RecordEvent.FAILED);

  it('sends one exact record per end, named by rule and by process, and leaves nothing behind', async () => {
    const running = await start();
    const code = `
      const net = require('node:net');
      const server = net.createServer((s) => { s.on('data', () => {}); s.on('end', () => s.end('x'.repeat(5000))); });
      server.listen(0, '127.0.0.1', () => {
        const c = net.connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true });
        c.end('y'.repeat(700));
        c.resume();
        c.on('end', () => { server.close(); console.log(server.address()?.port ?? c.remotePort); });
      });`;
    await inCgroup(join(cgroup, 'shop', 'reviews@v2'), code);
    await collector.until(() => ends().length >= 2, 'both ends');
    const source = ends().find(({ reporter }) => reporter === Reporter.SOURCE);
    const destination = ends().find(({ reporter }) => reporter === Reporter.DESTINATION);
    expect(source).toMatchObject({ sentBytes: 700n, receivedBytes: 5000n });
    expect(destination).toMatchObject({ sentBytes: 5000n, receivedBytes: 700n });
    expect(source?.clientIsn).toBe(destination?.clientIsn);
    const workloads = collector.dictionaries().flatMap((dictionary) => dictionary.workloads);
    const workload = workloads.find(({ id }) => id === source?.workloadId);
    expect(workload).toMatchObject({ namespace: 'shop', name: 'reviews', version: 'v2', kind: 'configured' });
    await collector.until(() => running.snapshot().ledger.waiting === 0, 'the acknowledgement');
    expect(running.snapshot().ledger).toEqual({ made: 2, acknowledged: 2, waiting: 0, unread: 0, lost: {} });
    expect(running.readiness()).toEqual({ ready: true, reasons: [] });

    await collector.until(() => collector.reports().length > 0, 'a report');
    const report = collector.reports().at(-1);
    expect(report?.hooks.map(({ name, attached }) => [name, attached])).toEqual([
      ['observe_sockops', true],
      ['observe_state', true],
      ['follow_egress', true],
      ['follow_ingress', true],
      ['look', true],
      ['list_listeners', true],
    ]);
    expect(report?.scope.wholeHost).toBe(false);
    const metrics = await (await fetch(`http://127.0.0.1:${running.port}/metrics`)).text();
    expect(metrics).toContain('undermesh_agent_ends_made_total 2');
    expect(metrics).toContain('undermesh_agent_uplink_up 1');
    expect((await fetch(`http://127.0.0.1:${running.port}/readyz`)).status).toBe(200);

    await running.stop();
    agent = undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const ours = new Set(report?.hooks.map(({ programId }) => programId));
    expect(ours.size).toBe(6);
    expect(listPrograms().filter(({ id }) => ours.has(id))).toEqual([]);
    expect(listLinks().filter(({ programId }) => ours.has(programId))).toEqual([]);
    expect(existsSync(`/sys/fs/bpf/undermesh-test-${process.pid}`)).toBe(false);
    expect(readdirSync(join(directory, 'run'))).toEqual([]);
  });

  /** Three requests on one connection, which stays open for a while. */
  const fetchThrice = (openMs: number) => `
    const http = require('node:http');
    const server = http.createServer((request, response) => response.end('hello'));
    server.listen(0, '127.0.0.1', async () => {
      const url = 'http://127.0.0.1:' + server.address().port;
      for (let i = 0; i < 3; i++) await (await fetch(url)).text();
      setTimeout(() => server.close() && server.closeAllConnections(), ${openMs});
    });`;

  it('sends what was asked of HTTP, named, before the end of its connection', async () => {
    const running = await start();
    await inCgroup(join(cgroup, 'shop', 'reviews@v2'), fetchThrice(0));
    await collector.until(() => running.snapshot().requests?.acknowledged === 6, 'all requests');
    const requests = decoded(HttpRecord.BYTES, decodeHttpRecord);
    expect(requests.reduce((sum, { sampleCount }) => sum + sampleCount, 0)).toBe(6);
    for (const { connection } of requests) {
      const { workloadId, socketCookie } = decodeConnectionRecord(connection);
      expect(workloadId).toBeGreaterThan(0);
      expect(ends().find((end) => end.socketCookie === socketCookie)?.workloadId).toBe(workloadId);
    }
    const lengths = collector.frames(FRAME_TYPES.records).map(({ recordBytes }) => recordBytes);
    expect(lengths.indexOf(HttpRecord.BYTES)).toBeLessThan(lengths.lastIndexOf(ConnectionRecord.BYTES));
    await collector.until(() => running.snapshot().requests?.waiting === 0, 'the acknowledgement');
    expect(running.snapshot().requests).toEqual({
      made: 6,
      acknowledged: 6,
      waiting: 0,
      unread: 0,
      lost: {},
    });
    await collector.until(() => collector.reports().at(-1)?.requests?.made === 6, 'a report');
    expect(collector.reports().at(-1)?.kernel.features.http_latency).toBe(true);
    const metrics = await (await fetch(`http://127.0.0.1:${running.port}/metrics`)).text();
    expect(metrics).toContain('undermesh_agent_requests_made_total 6');
    expect(metrics).toContain('undermesh_agent_requests_lost_total{reason="ring_full"} 0');
  });

  it('leaves HTTP alone when it is told to, and says so', async () => {
    const running = await start({ http: false });
    await inCgroup(join(cgroup, 'shop', 'reviews@v2'), fetchThrice(0));
    await collector.until(() => ends().length >= 2, 'both ends');
    expect(decoded(HttpRecord.BYTES, decodeHttpRecord)).toEqual([]);
    expect(running.snapshot().requests).toBeUndefined();
    await collector.until(() => collector.reports().length > 0, 'a report');
    const report = collector.reports().at(-1);
    expect(report?.requests).toBeUndefined();
    expect(report?.kernel.features.http_latency).toContain('agent.http');
  });

  it('sends what waits in the kernel when it stops', async () => {
    const running = await start();
    const client = inCgroup(join(cgroup, 'shop', 'reviews@v2'), fetchThrice(2_000));
    await collector.until(() => records().length >= 2, 'both ends to be announced');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await running.stop();
    agent = undefined;
    const told = decoded(HttpRecord.BYTES, decodeHttpRecord);
    expect(told.reduce((sum, { sampleCount }) => sum + sampleCount, 0)).toBe(6);
    await client;
  });

  it('records a connect that was refused, by a process and a cgroup that are gone', async () => {
    const running = await start();
    const gone = join(cgroup, 'shop', 'brief@v1');
    mkdirSync(gone);
    const code = `require('node:net').connect(1, '127.0.0.1').on('error', (e) => console.log(e.code));`;
    expect(await inCgroup(gone, code)).toBe('ECONNREFUSED\n');
    rmdirSync(gone);
    await collector.until(() => ends().length >= 1, 'the failure');
    const [failed] = ends();
    expect(failed).toMatchObject({ event: RecordEvent.FAILED, peerPort: 1 });
    const workloads = collector.dictionaries().flatMap((dictionary) => dictionary.workloads);
    expect(workloads.find(({ id }) => id === failed?.workloadId)).toMatchObject({
      namespace: 'shop',
      name: 'brief',
      version: 'v1',
    });
    expect(running.snapshot().ledger.made).toBe(1);
  });

  it('tells of listeners and of the addresses of their namespace', async () => {
    await start();
    const listening = inCgroup(
      join(cgroup, 'shop', 'reviews@v2'),
      `const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); setTimeout(() => s.close(), 1500); });`,
    );
    const listeners = () => collector.dictionaries().flatMap((dictionary) => dictionary.listeners);
    await collector.until(() => listeners().some(({ open }) => !open), 'the listener to come and go');
    const port = Number(await listening);
    expect(listeners().map((listener) => [listener.address, listener.port, listener.open])).toEqual([
      ['127.0.0.1', port, true],
      ['127.0.0.1', port, false],
    ]);
    const [namespace] = collector.dictionaries().flatMap((dictionary) => dictionary.namespaces);
    expect(namespace?.addresses).toContain('127.0.0.1');
    expect(namespace?.netnsCookie).toBe(listeners()[0]?.netnsCookie);
  });

  it('announces what is open, again to a collector that lost its memory', async () => {
    await start();
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const client = inCgroup(
      cgroup,
      `const c = require('node:net').connect(${port}, '127.0.0.1'); setTimeout(() => c.destroy(), 3500);`,
    );
    const opened = () => records().filter(({ event }) => event === RecordEvent.OPENED);
    await collector.until(() => opened().length === 1, 'the announcement');
    await collector.stop();
    collector.options = { ...collector.options, collectorId: 'collector-2' };
    await collector.start();
    await collector.until(() => opened().length === 2, 'the second announcement');
    await client;
    await collector.until(() => ends().length === 1, 'the end');
    server.close();
  });

  it('refuses a second agent of the same instance', async () => {
    await start();
    const other = createAgent(
      loadAgentConfig({
        env: {},
        flags: {
          node: 'test-node',
          cgroup,
          runDirectory: join(directory, 'run'),
          pinDirectory: `/sys/fs/bpf/undermesh-test-${process.pid}`,
          logLevel: 'silent',
        },
      }),
    );
    await expect(other.start()).rejects.toMatchObject({ code: 'instance_running' });
  });

  it('says what to do when the cgroup does not exist', async () => {
    const config = loadAgentConfig({ flags: { cgroup: '/not/there', logLevel: 'silent' } });
    await expect(createAgent(config).start()).rejects.toMatchObject({ code: 'cgroup_missing' });
  });

  it('ends at SIGTERM with everything sent', async () => {
    const args = [
      join(import.meta.dirname, '../../bin/undermesh-agent.mjs'),
      ...['--node', 'signal-node', '--cgroup', cgroup, '--collector', collector.url, '--port', '0'],
      ...['--credential', join(directory, 'credential'), '--set', `runDirectory=${join(directory, 'run')}`],
      ...['--set', `pinDirectory=/sys/fs/bpf/undermesh-test-${process.pid}`, '--set', 'logLevel=warn'],
      ...['--set', `spool.directory=${join(directory, 'spool')}`],
    ];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    await collector.until(() => collector.frames(FRAME_TYPES.report).length > 0, 'a report');
    execFileSync('sh', [
      '-c',
      `echo $$ > "${cgroup}/cgroup.procs"; for i in 1 2 3 4 5; do "${process.execPath}" -e "require('node:net').connect(1,'127.0.0.1').on('error',()=>{})"; done`,
    ]);
    child.kill('SIGTERM');
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect(status).toBe(0);
    expect(ends()).toHaveLength(5);
    expect(collector.reports().at(-1)?.records).toEqual({ made: 5, waiting: 0, lost: {} });
  });
});
