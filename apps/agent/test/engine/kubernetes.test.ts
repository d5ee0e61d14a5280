// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ApiServer, type KubernetesObject } from '../../../../packages/mesh/test/cluster/api-server.js';
import { EngineBed, until } from '../engine-bed.js';
import { TestCollector } from '../test-collector.js';

const root = process.getuid?.() === 0;
const program = fileURLToPath(new URL('../../bin/undermesh-agent.mjs', import.meta.url));
const VIP = '10.96.0.1:80';
const NODE = 'alpha';

const uid = (last: number): string => `1c0f6c1e-5b2d-4d5c-9d3e-${String(last).padStart(12, '0')}`;
const sliced = (last: number): string => uid(last).replaceAll('-', '_');

const pod = (name: string, last: number, spec: object = {}, labels: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: uid(last), labels },
  spec: { nodeName: NODE, ...spec },
  status: { phase: 'Pending' },
});
const namespace = (mode: string | null): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels: mode === null ? {} : { 'istio.io/dataplane-mode': mode } },
});
const endpoints = (...last: number[]): KubernetesObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'cart', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
  addressType: 'IPv4',
  ports: [{ port: 8080 }],
  endpoints: last.map((i) => ({ addresses: [`10.1.0.${i}`], conditions: { ready: true } })),
});
const daemonSet: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'undermesh-agent', namespace: 'undermesh' },
  spec: { template: { spec: {} } },
};
const node = (engine: string | null): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: NODE, labels: engine === null ? {} : { 'undermesh.io/engine': engine } },
});
const cart: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'cart', namespace: 'shop' },
  spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }] },
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe.skipIf(!root)('an agent of a cluster (needs root and cgroup v2)', { timeout: 180_000 }, () => {
  let bed: EngineBed;
  let server: ApiServer;
  let collector: TestCollector;
  let file: string;
  let port: number;
  let agent: ChildProcess | undefined;

  beforeAll(async () => {
    bed = new EngineBed();
    port = await freePort();
    collector = await new TestCollector({ token: 'secret' }).start();
    const credentialFile = join(bed.directory, 'credential');
    writeFileSync(credentialFile, 'secret', { mode: 0o600 });
    server = await ApiServer.start([namespace('undermesh'), cart, endpoints(1)]);
    await bed.serve('10.1.0.1:8080', '10.1.0.2:8080');
    file = join(bed.directory, 'undermesh.yaml');
    const settings = {
      node: NODE,
      instance: 'test',
      cgroup: bed.cgroup,
      collector: { url: collector.url, credentialFile, maxBackoff: 200 },
      listen: { port },
      runDirectory: join(bed.directory, 'run'),
      spool: { directory: join(bed.directory, 'spool') },
      pinDirectory: bed.pins,
      ringBytes: 1 << 20,
      http: false,
      logLevel: 'error',
      engine: { default: 'dual-engine', directory: join(bed.directory, 'engine') },
      mesh: {
        kubernetes: {
          enabled: true,
          kubeconfig: server.kubeconfig,
          daemonSet: 'undermesh/undermesh-agent',
        },
      },
    };
    writeFileSync(file, JSON.stringify({ agent: settings }));
  });
  afterAll(async () => {
    await bed.remove();
    await server.remove();
    await collector.stop();
  });
  afterEach(async () => {
    await end();
    execFileSync(process.execPath, [program, 'uninstall', '--config', file]);
  });

  const says = async (line: string): Promise<boolean> => {
    try {
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return page.includes(`undermesh_agent_${line}`);
    } catch {
      return false;
    }
  };
  const start = async (): Promise<void> => {
    agent = spawn(process.execPath, [program, '--config', file], { stdio: 'ignore' });
    await until('the engine', () => says('engine{engine="dual-engine"} 1'));
  };
  const end = async (): Promise<void> => {
    const child = agent;
    agent = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exit;
  };

  it('steers the pods that labels ask for, in whatever form their cgroups come, and lets go of others', async () => {
    server.become([
      namespace('undermesh'),
      cart,
      endpoints(1),
      pod('here-before', 1),
      pod('host', 2, { hostNetwork: true }),
      pod('out', 3, {}, { 'istio.io/dataplane-mode': 'none' }),
    ]);
    const before = await bed.client(
      `kubepods.slice/kubepods-pod${sliced(1)}.slice/cri-containerd-${'ab12'.repeat(16)}.scope`,
    );
    const host = await bed.client(`kubepods.slice/kubepods-pod${sliced(2)}.slice/c`);
    const out = await bed.client(
      `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${sliced(3)}.slice/c`,
    );
    await start();
    await until('the pods', () => says('pods{standing="enrolled"} 1'));
    await until('it to be enrolled', async () => (await before.connect(VIP)).said === '10.1.0.1:8080');
    expect((await host.connect(VIP)).error).toBe('EHOSTUNREACH');
    expect((await out.connect(VIP)).error).toBe('EHOSTUNREACH');
    expect(await says('pods{standing="host_network"} 1')).toBe(true);
    expect(await says('pods{standing="opted_out"} 1')).toBe(true);

    // The API tells of a pod before the kubelet makes its cgroup, as it does: enrolled before anything runs in it.
    server.apply(pod('late', 4));
    await until('the pod', () => says('pods{standing="enrolled"} 2'));
    const late = await bed.client(
      `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${sliced(4)}.slice/c`,
    );
    await until('it to be enrolled', async () => (await late.connect(VIP)).said === '10.1.0.1:8080');

    // The other way round: a cgroup of whose pod nobody has heard yet.
    const early = await bed.client(
      `kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${sliced(5)}.slice/c`,
    );
    expect((await early.connect(VIP)).error).toBe('EHOSTUNREACH');
    server.apply(pod('early', 5));
    await until('it to be enrolled', async () => (await early.connect(VIP)).said === '10.1.0.1:8080');

    const held = await late.connect(VIP, { keep: true });
    server.apply(namespace(null));
    await until('all to be let go', async () => (await late.connect(VIP)).error === 'EHOSTUNREACH');
    expect((await late.echo(held.id)).said).toBe('again');
    await late.close(held.id);
    server.apply(namespace('undermesh'));
    await until('all to be enrolled', async () => (await late.connect(VIP)).said === '10.1.0.1:8080');
  });

  it('goes on as it was when it starts while the API server is away, and catches up when that is back', async () => {
    server.become([namespace('undermesh'), cart, endpoints(1), pod('web', 7)]);
    const web = await bed.client(`kubepods/burstable/pod${uid(7)}/${'ab12'.repeat(16)}`);
    await start();
    await until('it to be enrolled', async () => (await web.connect(VIP)).said === '10.1.0.1:8080');
    await end();
    await server.end();
    await start();
    expect((await web.reached(VIP, 10)).get('10.1.0.1:8080')).toBe(10);
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect(await ready.text()).toContain('are not listed yet');
    server.apply(endpoints(2));
    await server.begin();
    await until('the change', async () => (await web.connect(VIP)).said === '10.1.0.2:8080');
    expect((await web.reached(VIP, 10)).get('10.1.0.2:8080')).toBe(10);
  });

  /** As a kubelet ends a pod. Resolves with the exit status. */
  const terminate = async (): Promise<number | null> => {
    const child = agent;
    agent = undefined;
    const exit = new Promise<number | null>((resolve) => child?.once('exit', resolve));
    child?.kill('SIGTERM');
    return exit;
  };
  const isPinned = (): boolean => existsSync(join(bed.pins, 'test'));

  it.each<[string, () => Promise<void> | void]>([
    [
      'a rollout',
      () => void server.apply({ ...daemonSet, spec: { template: { spec: { containers: [] } } } }),
    ],
    ['an API server that is away', () => server.end()],
  ])('stopped in %s leaves what is steered as it is', async (_, meanwhile) => {
    server.become([namespace('undermesh'), cart, endpoints(1), node(null), daemonSet, pod('web', 8)]);
    const web = await bed.client(`kubepods/burstable/pod${uid(8)}/${'ab12'.repeat(16)}`);
    await start();
    await until('it to be enrolled', async () => (await web.connect(VIP)).said === '10.1.0.1:8080');
    await meanwhile();
    expect(await terminate()).toBe(0);
    expect(isPinned()).toBe(true);
    expect((await web.reached(VIP, 5)).get('10.1.0.1:8080')).toBe(5);
    await server.begin();
  });

  it('stopped because the DaemonSet is deleted takes the engine out of the kernel, and open connections go on', async () => {
    server.become([namespace('undermesh'), cart, endpoints(1), node(null), daemonSet, pod('web', 9)]);
    const web = await bed.client(`kubepods/burstable/pod${uid(9)}/${'ab12'.repeat(16)}`);
    const watches = (): number =>
      server.asked.filter(({ plural, watch }) => plural === 'daemonsets' && watch).length;
    const before = watches();
    await start();
    await until('it to be enrolled', async () => (await web.connect(VIP)).said === '10.1.0.1:8080');
    await until('the DaemonSet to be followed', () => watches() > before);
    const held = await web.connect(VIP, { keep: true });
    server.delete(daemonSet);
    expect(await terminate()).toBe(0);
    expect(isPinned()).toBe(false);
    await until('links to be freed', async () => (await web.connect(VIP)).error === 'EHOSTUNREACH');
    expect((await web.echo(held.id)).said).toBe('again');
    await web.close(held.id);
  });

  it('tells its collector of the label of its Node, when that changes, and when it is gone', async () => {
    server.become([namespace('undermesh'), cart, endpoints(1), node('off')]);
    const told = () => collector.reports().at(-1)?.engine?.nodeLabel;
    await start();
    for (const engine of ['off', 'dual-engine', null] as const) {
      server.apply(node(engine));
      await until(`label ${engine}`, async () => told()?.known === true && told()?.engine === engine);
    }
  });
});
