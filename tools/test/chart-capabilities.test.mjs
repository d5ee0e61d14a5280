// SPDX-License-Identifier: Apache-2.0
// The agent under the capabilities that the chart gives its container, and no others, with the container's other restrictions:
// it observes, measures, steers, is killed and taken up, and removes everything. And the kernel refuses without any one.
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limited, within } from '../chart/container.mjs';
import { objectOf, render } from '../chart/helm.mjs';
import { findCommand } from '../packages.mjs';
import { environment, root } from '../paths.mjs';
import { cgroup2Mount } from '../testbed/cgroups.mjs';
import { enter } from '../testbed/namespaces.mjs';
import { freePort } from '../testbed/prometheus.mjs';
import { Road } from '../testbed/road.mjs';
import { sweep } from '../testbed/testbed.mjs';

const NODE = 'left';
const VIRTUAL = '10.98.0.1';
const ENDPOINT = '10.99.1.1';
const SERVER = `require('node:http').createServer((_, response) => response.end('served')).listen(7000, '${ENDPOINT}')`;
const agentProgram = join(root, 'apps/agent/bin/undermesh-agent.mjs');
/** include/uapi/linux/capability.h */
const NUMBERS = { NET_ADMIN: 12, SYS_PTRACE: 19, SYS_ADMIN: 21, PERFMON: 38, BPF: 39 };
const collectorProgram = join(root, 'apps/collector/bin/undermesh-collector.mjs');
const timeout = 90_000;

/** What the chart gives, and what it gives to take in waypoints that were there before. */
let given;
let adopting;
let road;
let namespace;

const manifests = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop', namespace: 'shop' },
    spec: {
      clusterIP: VIRTUAL,
      clusterIPs: [VIRTUAL],
      ipFamilies: ['IPv4'],
      ports: [{ name: 'tcp', port: 80, targetPort: 7000, protocol: 'TCP' }],
    },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'shop', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    ports: [{ name: 'tcp', port: 7000, protocol: 'TCP' }],
    endpoints: [{ addresses: [ENDPOINT], conditions: { ready: true } }],
  },
];

const capabilitiesOf = (objects) => {
  const [container] = objectOf(objects, 'DaemonSet', 'undermesh-agent').spec.template.spec.containers;
  return container.securityContext.capabilities.add;
};

beforeAll(async () => {
  given = capabilitiesOf(await render());
  adopting = capabilitiesOf(await render({ set: ['agent.adoptWaypoints=true'] }));
  road = await Road.create(`undermesh-test-chart-${process.pid}`);
  const { testbed } = road;
  namespace = testbed.namespace(NODE);
  enter(namespace, ['ip', 'address', 'add', `${ENDPOINT}/32`, 'dev', 'lo']);
  mkdirSync(join(road.state, 'mesh'));
  writeFileSync(
    join(road.state, 'mesh/shop.yaml'),
    manifests.map((one) => JSON.stringify(one)).join('\n---\n'),
  );
  const cgroup = testbed.cgroup(`${NODE}/shop/server`);
  testbed.spawn(process.execPath, ['-e', SERVER], { namespace, cgroup, stdio: 'ignore' });
  await road.startCollector();
  await startAgent();
}, timeout);

afterAll(async () => {
  await road?.uninstall(NODE).catch(() => {});
  await road?.destroy();
  await sweep('undermesh-test-chart');
}, timeout);

function startAgent() {
  const cgroup = `/${relative(cgroup2Mount(), road.testbed.cgroup(NODE))}`;
  const settings = {
    mesh: { manifests: join(road.state, 'mesh'), enrol: [cgroup] },
    engine: { default: 'dual-engine', directory: join(road.state, 'engine') },
  };
  return road.startAgent(NODE, settings, { within: within(given, { state: road.state }) });
}

const engine = async () => (await road.api(`nodes/${NODE}`)).engine;
const inForce = (wanted) =>
  road.until(`${wanted} is in force`, async () => {
    const { state, observed } = await engine();
    return state === 'in-force' && observed === wanted;
  });

/** What a client of the node gets from the virtual address. */
async function called() {
  const place = { namespace, cgroup: road.testbed.cgroup(`${NODE}/shop/client`) };
  const { code, stdout } = await road.testbed.run('curl', ['-sS', '-m', '5', `http://${VIRTUAL}/`], place);
  return code === 0 ? stdout : code;
}

const run = ([program, ...parameters]) =>
  road.testbed.run(program, parameters, { cwd: root, env: environment });

describe('the agent under the capabilities of the chart', () => {
  it('has these and no others, on a root that it cannot write to', () => {
    const of = (file) => readFileSync(`/proc/${road.agentPid(NODE)}/${file}`, 'utf8');
    const mask = given.reduce((bits, name) => bits | (1n << BigInt(NUMBERS[name])), 0n);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd'])
      expect(BigInt(`0x${new RegExp(`^${set}:\\s*(\\w+)`, 'm').exec(of('status'))[1]}`), set).toBe(mask);
    expect(of('status')).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(of('mountinfo')).toMatch(/^\d+ \d+ \S+ \/ \/ ro[, ]/m);
    expect(readlinkSync(`/proc/${road.agentPid(NODE)}/ns/cgroup`)).not.toBe(
      readlinkSync('/proc/self/ns/cgroup'),
    );
  });

  it('steers', { timeout }, async () => {
    await inForce('dual-engine');
    expect(await called()).toBe('served');
    await road.put(`nodes/${NODE}/engine`, { engine: 'off', reason: 'tested' });
    await inForce('off');
    expect(await called()).not.toBe('served');
    await road.put(`nodes/${NODE}/engine`, { engine: 'dual-engine', reason: 'tested' });
    await inForce('dual-engine');
    expect(await called()).toBe('served');
  });

  it('observes and measures, and knows who talked to whom', { timeout }, async () => {
    for (let i = 0; i < 10; i += 1) await called();
    const { records } = await road.settled(2 * 12);
    expect(records.stored).toBe(records.made);
    expect(records.lost).toEqual({});
    const { items } = await road.api('edges?level=workload&window=3600&source=client&destination=server');
    const [{ source, destination, traffic }] = items;
    expect([source, destination]).toEqual([
      expect.stringContaining('/shop/client'),
      expect.stringContaining('/shop/server'),
    ]);
    expect(traffic.requests.statusClasses['2xx']).toBe(12);
    expect(traffic.requests.firstByteUs.count).toBe(12);
  });

  it('misses nothing that its kernel has', async () => {
    const { kernel, hooks } = await road.api(`nodes/${NODE}`);
    expect(Object.entries(kernel.features).filter(([, available]) => available !== true)).toEqual([]);
    expect(hooks.filter(({ attached }) => !attached)).toEqual([]);
    expect((await engine()).drift).toEqual([]);
    const complaints = road
      .log(`agent-${NODE}`)
      .split('\n')
      .filter((line) => /"level":(40|50|60)/.test(line));
    expect(complaints).toEqual([]);
  });

  it('takes up what one that was killed left', { timeout }, async () => {
    await road.killAgent(NODE);
    expect(await called()).toBe('served');
    await startAgent();
    await inForce('dual-engine');
    expect((await engine()).drift).toEqual([]);
  });

  it('takes its engine out of the kernel', { timeout }, async () => {
    await road.stopAgent(NODE);
    expect(await called()).toBe('served');
    const file = join(road.state, `agent-${NODE}.yaml`);
    const uninstall = [process.execPath, agentProgram, 'uninstall', '--config', file];
    const { code, stderr } = await run([...within(given, { state: road.state }), ...uninstall]);
    expect(`${code} ${stderr}`).toMatch(/^0 /);
    expect(await called()).not.toBe('served');
  });
});

describe('capabilities of the chart', () => {
  /** Has the kernel take programs and maps of an object, or say why not. */
  async function load(object, capabilities) {
    const pins = join(road.testbed.pins, 'tried');
    mkdirSync(pins, { recursive: true });
    const command = [
      findCommand('bpftool'),
      'prog',
      'loadall',
      join(root, 'bpf/dist', `${object}.bpf.o`),
      pins,
    ];
    const { code, stderr } = await run([...limited(capabilities), ...command]);
    await run(['rm', '-r', pins]);
    return code === 0 ? 'taken' : stderr;
  }

  it.each(['observe', 'http', 'dual_engine', 'waypoint', 'preface'])(
    'are all that %s needs',
    async (object) => {
      expect(await load(object, given)).toBe('taken');
    },
  );

  it.each([
    ['BPF', 'observe', /trivial BPF program/],
    ['PERFMON', 'observe', /'observe_sockops': BPF program load failed/],
    ['PERFMON', 'http', /'follow_egress': BPF program load failed/],
    ['NET_ADMIN', 'observe', /'observe_sockops': BPF program load failed: Operation not permitted/],
    ['NET_ADMIN', 'dual_engine', /'steer_connect4': BPF program load failed: Operation not permitted/],
  ])('are each needed: without %s the kernel refuses %s', async (name, object, says) => {
    expect(given).toContain(name);
    expect(
      await load(
        object,
        given.filter((one) => one !== name),
      ),
    ).toMatch(says);
  });

  it('are named in this table, one and all', () => expect(given).toEqual(['BPF', 'NET_ADMIN', 'PERFMON']));

  it('are what the agent asks for by name', { timeout }, async () => {
    const file = join(road.state, `agent-${NODE}.yaml`);
    for (const name of given) {
      const rest = given.filter((one) => one !== name);
      const { code, stderr } = await run([
        ...limited(rest),
        process.execPath,
        agentProgram,
        'run',
        '--config',
        file,
      ]);
      expect(code).toBe(1);
      expect(stderr).toContain(`lacks CAP_${name}.`);
    }
  });

  it('let waypoints be taken in that were there before, where asked for', { timeout }, async () => {
    const waypoint = road.testbed.spawn('sleep', ['60'], { namespace: road.testbed.namespace('right') });
    const script = `import { inNetworkNamespace } from '@undermesh/libbpf-ts';
      inNetworkNamespace('/proc/${waypoint.pid}/ns/net', () => 0);`;
    const entered = async (capabilities) => {
      const node = [process.execPath, '--input-type=module', '-e', script];
      const { code } = await run([...limited(capabilities), ...node]);
      return code === 0;
    };
    await road.until('it is there', () => readlinkSync(`/proc/${waypoint.pid}/exe`).endsWith('sleep'));
    expect(adopting.filter((name) => !given.includes(name))).toEqual(['SYS_ADMIN', 'SYS_PTRACE']);
    expect(await entered(adopting)).toBe(true);
    for (const name of ['SYS_ADMIN', 'SYS_PTRACE'])
      expect(await entered(adopting.filter((one) => one !== name)), name).toBe(false);
  });
});

it('the collector keeps records as nobody in particular, without capabilities', { timeout }, async () => {
  const objects = await render({ set: ['tls.mode=off', 'agent.credentials.secretName=credentials'] });
  const { spec } = objectOf(objects, 'StatefulSet', 'undermesh-collector').spec.template;
  const { runAsUser } = spec.securityContext;
  const state = mkdtempSync(join(tmpdir(), 'undermesh-chart-'));
  try {
    const file = join(state, 'undermesh.yaml');
    writeFileSync(file, objectOf(objects, 'ConfigMap', 'undermesh-collector').data['undermesh.yaml']);
    chownSync(state, runAsUser, runAsUser);
    const port = await freePort();
    const [program, ...parameters] = [
      ...within([], { state, user: runAsUser }),
      process.execPath,
      collectorProgram,
      '--config',
      file,
    ];
    const child = road.testbed.spawn(program, parameters, {
      stdio: 'ignore',
      env: {
        ...environment,
        // What differs from a pod: there is no cluster here, and the volume lies elsewhere.
        UNDERMESH_COLLECTOR_CONTROL_KUBERNETES_ENABLED: 'false',
        UNDERMESH_COLLECTOR_DATA: join(state, 'data'),
        UNDERMESH_COLLECTOR_LISTEN_ADDRESS: '127.0.0.1',
        UNDERMESH_COLLECTOR_LISTEN_PORT: String(port),
      },
    });
    await road.until('it is ready', async () => {
      if (child.exitCode !== null) throw new Error(`the collector ended with ${child.exitCode}`);
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
      return answer?.ok === true;
    });
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\s*${runAsUser}\\s`, 'm'));
    expect(status).toMatch(/^CapEff:\s*0+$/m);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});
