// SPDX-License-Identifier: Apache-2.0
// The containers of the chart, as rendered, run by a real OCI runtime: under its capabilities, mounts and other restrictions the
// agent observes, measures, steers, is killed and taken up, and removes everything. And the kernel refuses without any one
// of its capabilities.

import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { limited, makeBundle, runBundle } from '../chart/container.mjs';
import { objectOf, render } from '../chart/helm.mjs';
import { findCommand } from '../packages.mjs';
import { environment, root } from '../paths.mjs';
import { cgroup2Mount } from '../testbed/cgroups.mjs';
import { namespacePath } from '../testbed/namespaces.mjs';
import { startService, VIRTUAL } from '../testbed/one-service.mjs';
import { Road } from '../testbed/road.mjs';
import { sweep } from '../testbed/testbed.mjs';

const NODE = 'left';
const agentProgram = join(root, 'apps/agent/bin/undermesh-agent.mjs');
/** include/uapi/linux/capability.h */
const NUMBERS = { NET_ADMIN: 12, SYS_PTRACE: 19, SYS_ADMIN: 21, PERFMON: 38, BPF: 39 };
const collectorProgram = join(root, 'apps/collector/bin/undermesh-collector.mjs');
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** What the chart gives, and what it gives to take in waypoints that were there before. */
let given;
let adopting;
/** Spec of the agent's pod. */
let pod;
let road;
let namespace;

const podOf = (objects, kind, name) => objectOf(objects, kind, name).spec.template.spec;
const capabilitiesOf = ({ containers }) => containers[0].securityContext.capabilities.add;

beforeAll(async () => {
  pod = podOf(await render(), 'DaemonSet', 'undermesh-agent');
  given = capabilitiesOf(pod);
  const adopts = await render({ set: ['agent.adoptWaypoints=true'] });
  adopting = capabilitiesOf(podOf(adopts, 'DaemonSet', 'undermesh-agent'));
  road = await Road.create(`undermesh-test-chart-${process.pid}`);
  namespace = startService(road, NODE).namespace;
  await road.startCollector({ namespace });
  await startAgent();
});

afterAll(async () => {
  await road?.uninstall(NODE).catch(() => {});
  await road?.destroy();
  await sweep('undermesh-test-chart');
});

/** A bundle that runs the agent's program with these parameters, in the agent's container. */
function bundleOf(name, parameters) {
  const directory = join(road.state, 'bundles', name);
  mkdirSync(directory, { recursive: true });
  makeBundle(pod, {
    directory,
    host: {
      '/sys/fs/cgroup': '/sys/fs/cgroup', // as runBundle has it
      '/sys/fs/bpf': dirname(road.testbed.pins),
      '/var/lib/undermesh': join(road.state, 'host/lib'),
      '/run/undermesh': join(road.state, 'host/run'),
    },
    seen: [
      join(road.state, `agent-${NODE}.yaml`),
      join(road.state, `${NODE}.credential`),
      join(road.state, 'mesh'),
    ],
    namespace: namespacePath(namespace),
    arguments: [process.execPath, agentProgram, ...parameters],
  });
  return directory;
}

/** The agent in its container. Directories are those of the chart; the mesh is on disk, as there is no cluster. */
async function startAgent() {
  const cgroup = `/${relative(cgroup2Mount(), road.testbed.cgroup(NODE))}`;
  const file = join(road.state, `agent-${NODE}.yaml`);
  const bundle = join(road.state, 'bundles/run');
  writeFileSync(file, '');
  await road.credential(NODE);
  bundleOf('run', ['--supervised', '--config', file]);
  const settings = {
    mesh: { manifests: join(road.state, 'mesh'), enrol: [cgroup] },
    engine: { default: 'dual-engine', directory: '/var/lib/undermesh/engine' },
    spool: { directory: '/var/lib/undermesh/spool' },
    runDirectory: '/run/undermesh',
  };
  await road.startAgent(NODE, settings, { within: runBundle(bundle) });
}

/** The agent's process, in its container. */
const agentPid = () => Number(readFileSync(join(road.state, 'bundles/run/pid'), 'utf8'));

const engine = async () => (await road.api(`nodes/${NODE}`)).engine;
const inForce = (wanted) =>
  road.until(`${wanted} is in force`, async () => {
    const { state, observed } = await engine();
    return state === 'in-force' && observed === wanted;
  });

/** Asks the collector, which is where the agent's container is, for an engine. */
async function order(wanted) {
  const { code, stderr } = await road.testbed.run(
    'curl',
    [
      ...[
        '-sSf',
        '-X',
        'PUT',
        '-H',
        `authorization: Bearer ${road.token}`,
        '-H',
        'content-type: application/json',
      ],
      ...[
        '-d',
        JSON.stringify({ engine: wanted, reason: 'tested' }),
        `${road.url}/api/v1/nodes/${NODE}/engine`,
      ],
    ],
    { namespace },
  );
  if (code !== 0) throw new Error(stderr);
}

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
    const of = (file) => readFileSync(`/proc/${agentPid()}/${file}`, 'utf8');
    const mask = given.reduce((bits, name) => bits | (1n << BigInt(NUMBERS[name])), 0n);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd'])
      expect(BigInt(`0x${new RegExp(`^${set}:\\s*(\\w+)`, 'm').exec(of('status'))[1]}`), set).toBe(mask);
    expect(of('status')).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(of('mountinfo')).toMatch(/^\d+ \d+ \S+ \S+ \/ ro[, ]/m);
    expect(readlinkSync(`/proc/${agentPid()}/ns/cgroup`)).not.toBe(readlinkSync('/proc/self/ns/cgroup'));
  });

  it('steers', async () => {
    await inForce('dual-engine');
    expect(await called()).toBe('served');
    await order('off');
    await inForce('off');
    expect(await called()).not.toBe('served');
    await order('dual-engine');
    await inForce('dual-engine');
    expect(await called()).toBe('served');
  });

  it('observes and measures, and knows who talked to whom', async () => {
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
      .filter((line) => /"level":[56]0/.test(line));
    expect(complaints).toEqual([]);
  });

  it('takes up what one that was killed left', async () => {
    const pid = agentPid();
    process.kill(pid, 'SIGKILL');
    await road.until('the runtime has seen its end', () => !existsSync(`/proc/${pid}`));
    await road.killAgent(NODE);
    expect(await called()).toBe('served');
    await startAgent();
    await inForce('dual-engine');
    expect((await engine()).drift).toEqual([]);
  });

  it('takes its engine out of the kernel', async () => {
    await road.stopAgent(NODE);
    expect(await called()).toBe('served');
    const file = join(road.state, `agent-${NODE}.yaml`);
    const { code, stderr } = await run(runBundle(bundleOf('uninstall', ['uninstall', '--config', file])));
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

  it('are enough for what follows', async () => expect(await load('observe', given)).toBe('taken'));

  it.each([
    ['BPF', 'observe', /trivial BPF program/],
    ['PERFMON', 'observe', /'observe_sockops': BPF program load failed/],
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

  it('are what the agent asks for by name', async () => {
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

  it('let waypoints be taken in that were there before, where asked for', async () => {
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

it('the collector keeps records as nobody in particular, without capabilities', async () => {
  const objects = await render({ set: ['tls.mode=off', 'agent.credentials.secretName=credentials'] });
  const spec = podOf(objects, 'StatefulSet', 'undermesh-collector');
  const { runAsUser } = spec.securityContext;
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-chart-'));
  const volume = join(directory, 'volume');
  mkdirSync(volume);
  chownSync(volume, runAsUser, runAsUser);
  try {
    const file = join(directory, 'undermesh.yaml');
    writeFileSync(file, objectOf(objects, 'ConfigMap', 'undermesh-collector').data['undermesh.yaml']);
    makeBundle(
      // The claim is another volume of the cluster's: here, a directory.
      { ...spec, volumes: [{ name: 'data', hostPath: { path: '/volume', type: 'Directory' } }] },
      {
        directory,
        host: { '/volume': volume },
        seen: [file],
        namespace: namespacePath(namespace),
        environment: {
          UNDERMESH_COLLECTOR_CONTROL_KUBERNETES_ENABLED: 'false',
          UNDERMESH_COLLECTOR_LISTEN_PORT: '7080',
        },
        arguments: [process.execPath, collectorProgram, '--config', file],
      },
    );
    const [program, ...parameters] = runBundle(directory);
    const child = road.testbed.spawn(program, parameters, { stdio: 'ignore' });
    await road.until('it is ready', async () => {
      if (child.exitCode !== null) throw new Error(`the collector ended with ${child.exitCode}`);
      const ask = ['-sf', 'http://127.0.0.1:7080/readyz'];
      return (await road.testbed.run('curl', ask, { namespace })).code === 0;
    });
    const status = readFileSync(`/proc/${readFileSync(join(directory, 'pid'), 'utf8')}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\s*${runAsUser}\\s`, 'm'));
    expect(status).toMatch(/^CapEff:\s*0+$/m);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
