// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ABI_VERSION } from '@undermesh/bpf-abi';
import { BpfLink, BpfMap } from '@undermesh/libbpf-ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Client, EngineBed, until } from '../engine-bed.js';

const root = process.getuid?.() === 0;
const program = fileURLToPath(new URL('../../bin/undermesh-agent.mjs', import.meta.url));
const VIP = '10.96.0.1:80';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A service `shop/cart` at the two families' first virtual addresses; endpoints: last number -> ready. */
const manifest = (endpoints: Record<number, boolean>): string => `
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec:
  clusterIP: 10.96.0.1
  clusterIPs: [10.96.0.1, 'fd96::1']
  ports:
    - { name: web, port: 80, targetPort: 8080 }
    - { name: dns, port: 53, protocol: UDP, targetPort: 8080 }
${['IPv4', 'IPv6']
  .map(
    (addressType) => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: cart-${addressType.toLowerCase()}, namespace: shop, labels: { kubernetes.io/service-name: cart } }
addressType: ${addressType}
ports:
  - { name: web, port: 8080 }
  - { name: dns, port: 8080, protocol: UDP }
endpoints:
${Object.entries(endpoints)
  .map(
    ([i, ready]) =>
      `  - { addresses: ['${addressType === 'IPv4' ? `10.1.0.${i}` : `fd01::${i}`}'], conditions: { ready: ${ready}, serving: true } }`,
  )
  .join('\n')}`,
  )
  .join('\n')}
`;

describe.skipIf(!root)('an agent that steers (needs root and cgroup v2)', { timeout: 180_000 }, () => {
  let bed: EngineBed;
  let client: Client;
  let file: string;
  let port: number;
  let agent: ChildProcess | undefined;

  beforeAll(async () => {
    bed = new EngineBed();
    port = await freePort();
    file = join(bed.directory, 'undermesh.yaml');
    mkdirSync(join(bed.directory, 'mesh'));
    await bed.serve(...[1, 2, 3].flatMap((i) => [`10.1.0.${i}:8080`, `fd01::${i}:8080`]));
    client = await bed.client('shop/web');
  }, 60_000);
  afterAll(() => bed.remove());
  afterEach(async () => {
    await end('SIGKILL');
    execFileSync(process.execPath, [program, 'uninstall', '--config', file]);
    expect(existsSync(bed.pins)).toBe(false);
  }, 60_000);

  /** At once and whole: half a manifest, or none, would be taken for what is wanted. */
  const write = (text: string, name = 'cart.yaml') => {
    const unfinished = join(bed.directory, name);
    writeFileSync(unfinished, text);
    renameSync(unfinished, join(bed.directory, 'mesh', name));
  };
  const config = (settings: Record<string, unknown> = {}) => {
    const common = {
      node: 'test-node',
      instance: 'test',
      cgroup: bed.cgroup,
      collector: { url: 'ws://127.0.0.1:9/ingest/v1', credentialFile: join(bed.directory, 'none') },
      listen: { port },
      runDirectory: join(bed.directory, 'run'),
      spool: { directory: join(bed.directory, 'spool') },
      pinDirectory: bed.pins,
      ringBytes: 1 << 20,
      http: false,
      logLevel: 'error',
      engine: { default: 'dual-engine', directory: join(bed.directory, 'engine') },
      mesh: { manifests: join(bed.directory, 'mesh'), enrol: [`/${bed.namespace}/shop/*`] },
      ...settings,
    };
    writeFileSync(file, JSON.stringify({ agent: common }));
  };
  const metrics = async (): Promise<string> => {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    } catch {
      return '';
    }
  };
  const says = async (line: string): Promise<boolean> =>
    (await metrics()).includes(`undermesh_agent_${line}`);
  const start = async (): Promise<void> => {
    agent = spawn(process.execPath, [program, '--config', file], { stdio: 'ignore' });
    await until('the engine', () => says('engine{engine="dual-engine"} 1'));
  };
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const child = agent;
    agent = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exit;
  };
  const engine = () => join(bed.pins, 'test', String(ABI_VERSION), 'engine');
  const ids = () => {
    const links = readdirSync(join(engine(), 'links')).map((name) => {
      using link = BpfLink.openPinned(join(engine(), 'links', name));
      return [name, link.id, link.info().programId] as const;
    });
    const maps = readdirSync(join(engine(), 'current/maps')).map((name) => {
      using map = BpfMap.openPinned(join(engine(), 'current/maps', name));
      return [name, map.id] as const;
    });
    return { links, maps };
  };

  it('makes the services of a directory of manifests reachable, and goes by what changes there', async () => {
    config();
    write(manifest({ 1: true, 2: true }));
    await start();
    expect([...(await client.reached(VIP, 30)).keys()].sort()).toEqual(['10.1.0.1:8080', '10.1.0.2:8080']);
    expect((await client.connect('fd96::1:80')).said).toMatch(/^fd01::[12]:8080$/);
    expect(await client.connect('10.96.0.1:53', { udp: true })).toMatchObject({
      said: expect.stringMatching(/^10\.1\.0\.[12]:8080$/),
      peer: '10.96.0.1:53',
    });
    const held = await client.connect(VIP, { keep: true });
    const [server] = held.said?.split(':') ?? [];
    const unready = Number(server?.split('.')[3]);
    write(manifest({ 1: unready !== 1, 2: unready !== 2 }));
    await until('the change', () => says('mesh_loads_total 2'));
    expect([...(await client.reached(VIP, 30)).keys()]).toEqual([`10.1.0.${3 - unready}:8080`]);
    expect((await client.echo(held.id)).said).toBe('again');

    write('apiVersion: v1\nkind: Service\nmetadata: { name: cart', 'broken.yaml');
    await until('the problem', async () => !(await says('mesh_problems{severity="error"} 0')));
    expect([...(await client.reached(VIP, 10)).keys()]).toEqual([`10.1.0.${3 - unready}:8080`]);
    rmSync(join(bed.directory, 'mesh/broken.yaml'));
    await until('no problem', () => says('mesh_problems{severity="error"} 0'));
    await client.close(held.id);

    const page = await metrics();
    expect(page).toContain('undermesh_agent_mesh_services 1');
    expect(page).toContain('undermesh_agent_engine_links{hook="steer_connect4",state="attached"} 1');
    expect(page).toMatch(/undermesh_agent_map_memory_bytes\{map="endpoints"\} [1-9]/);
    expect(page).toMatch(/undermesh_agent_mesh_events_total\{event="steered"\} [1-9]/);
  });

  it('goes on without an agent, killed or stopped, and is taken up with the same numbers', async () => {
    config();
    write(manifest({ 1: true, 2: true, 3: true }));
    await start();
    const held = await client.connect(VIP, { keep: true });
    const before = ids();
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await end(signal);
      expect((await client.reached(VIP, 20)).size).toBeGreaterThan(1);
      expect((await client.echo(held.id)).said).toBe('again');
      await start();
      expect(ids()).toEqual(before);
    }
    await client.close(held.id);
    // An endpoint goes while nobody looks.
    await end('SIGKILL');
    write(manifest({ 3: true }));
    await start();
    await until('the change', async () => (await client.reached(VIP, 10)).size === 1);
    expect(ids()).toEqual(before);
  });

  it('tells of what was tampered with, and of nothing else', async () => {
    config();
    write(manifest({ 1: true }));
    await start();
    const name = readdirSync(join(engine(), 'links')).find((each) => each.endsWith('steer_connect4')) ?? '';
    {
      using link = BpfLink.openPinned(join(engine(), 'links', name));
      link.detach();
    }
    await until('it to be attached again', () => {
      if (!readdirSync(join(engine(), 'links')).includes(name)) return false; // its pin is on its way
      using link = BpfLink.openPinned(join(engine(), 'links', name));
      return link.info().cgroupId !== 0n;
    });
    expect((await client.connect(VIP)).said).toBe('10.1.0.1:8080');
    expect(await says('engine_drift 0')).toBe(true);
  });

  it('leaves nothing behind when its first start fails', async () => {
    config();
    write(manifest({ 1: true }));
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(port, '127.0.0.1', listening));
    const child = spawn(process.execPath, [program, '--config', file], { stdio: 'ignore' });
    const status = await new Promise((exit) => child.once('exit', exit));
    await new Promise((closed) => taken.close(closed));
    expect(status).toBe(1);
    expect(existsSync(engine())).toBe(false);
  });

  it('is rid of its engine when it is told to steer no more', async () => {
    config();
    write(manifest({ 1: true }));
    await start();
    await end('SIGTERM');
    config({ mesh: {} });
    agent = spawn(process.execPath, [program, '--config', file], { stdio: 'ignore' });
    await until('an agent', async () => (await metrics()).length > 0);
    expect(existsSync(engine())).toBe(false);
    await until('links to be freed', async () => (await client.connect(VIP)).error === 'EHOSTUNREACH');
  });
});
