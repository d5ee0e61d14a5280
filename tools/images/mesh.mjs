// SPDX-License-Identifier: Apache-2.0
// A collector and an agent, each in the root of its image, with what charts/undermesh gives them: user, capabilities, mounts.
// They talk over a bridge between namespaces of a testbed, by TLS, as both do unless told otherwise; the agent joins by a
// token, and observes one cgroup.
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import { mountBpffs, unmountBpffs } from '../bpffs.mjs';
import { root as checkout } from '../paths.mjs';
import { bpffsMount, cgroup2Mount } from '../testbed/cgroups.mjs';
import { enter, joinByBridge } from '../testbed/namespaces.mjs';
import { Testbed } from '../testbed/testbed.mjs';
import { Container } from './container.mjs';
import { makeRoot, stageOf } from './root.mjs';

const NODE = 'imaged';
const COLLECTOR = '10.77.1.1';
const COLLECTOR_URL = `https://${COLLECTOR}:7070`;
export const SERVER = '10.77.3.1';
const TIMEOUT_MS = 60_000;

/** Capabilities that the chart grants agents. */
export const grantedToAgents = () =>
  parse(readFileSync(join(checkout, 'charts/undermesh/values.yaml'), 'utf8')).agent.capabilities;

export class ImagedMesh {
  #mounted;
  #state = mkdtempSync(join(tmpdir(), 'undermesh-images-'));
  #token;
  #collector;

  /** Makes both roots, and the testbed. @param {string} name of the testbed */
  static async create(name) {
    const mesh = new ImagedMesh(await Testbed.create(name));
    try {
      for (const image of ['collector', 'agent']) await makeRoot(image, mesh.root(image));
      return mesh;
    } catch (error) {
      await mesh.destroy();
      throw error;
    }
  }

  constructor(testbed) {
    this.testbed = testbed;
    this.#mounted = mountBpffs();
    const fabric = testbed.namespace('fabric');
    this.namespaces = Object.fromEntries(
      ['collector', 'agent', 'server'].map((place) => [place, testbed.namespace(place)]),
    );
    const { collector, agent, server } = this.namespaces;
    joinByBridge(fabric, [
      { namespace: collector, addresses: [`${COLLECTOR}/16`] },
      { namespace: agent, addresses: ['10.77.2.1/16'] },
      { namespace: server, addresses: [`${SERVER}/16`] },
    ]);
  }

  /** The root of an image. */
  root(image) {
    return this.#path(image);
  }

  /** The node that the agent is, and the name of its cgroup below the testbed's own. */
  get node() {
    return NODE;
  }

  /** The cgroup that the agent observes. */
  get observed() {
    return this.testbed.cgroup(NODE);
  }

  /** What an agent of this testbed pins, if it does. */
  get pinned() {
    return existsSync(join(this.testbed.pins, NODE));
  }

  /** A container of the collector's image. */
  collector(settings = {}) {
    return new Container(this.testbed, stageOf('collector'), {
      root: this.root('collector'),
      namespace: this.namespaces.collector,
      cgroup: this.testbed.cgroup('system'),
      volumes: [
        { from: this.#directory('data', 65532), to: '/var/lib/undermesh' },
        { from: this.#directory('tmp', 65532), to: '/tmp' },
      ],
      ...settings,
    });
  }

  /** A container of the agent's image. @param {{ volumes?: object[] }} [settings] `volumes`: beside those of the chart */
  agent({ volumes = [], ...settings } = {}) {
    const config = this.#file('agent.yaml', {
      agent: {
        node: NODE,
        cgroup: `/${relative(cgroup2Mount(), this.observed)}`,
        collector: { url: `${COLLECTOR_URL.replace('http', 'ws')}/ingest/v1` },
        join: { tokenFile: '/etc/undermesh/join-token' },
        pinDirectory: this.testbed.pins,
        mesh: { manifests: '/etc/undermesh/mesh' },
        identity: [{ cgroup: `**/${this.testbed.name}/*/:namespace/:workload` }],
      },
    });
    return new Container(this.testbed, stageOf('agent'), {
      root: this.root('agent'),
      namespace: this.namespaces.agent,
      cgroup: this.testbed.cgroup('system'),
      hostPid: true,
      capabilities: grantedToAgents(),
      volumes: [
        { from: bpffsMount(), to: '/sys/fs/bpf' },
        { from: this.#directory('agent-state', 0), to: '/var/lib/undermesh' },
        { from: this.#directory('run', 0), to: '/run/undermesh' },
        { from: config, to: '/etc/undermesh/undermesh.yaml', readOnly: true },
        { from: this.#path('join-token'), to: '/etc/undermesh/join-token', readOnly: true },
        { from: this.#directory('mesh', 0), to: '/etc/undermesh/mesh', readOnly: true },
        ...volumes,
      ],
      ...settings,
    });
  }

  /** Starts the collector, waits until it serves, and has it make a token for the agent. */
  async startCollector() {
    const collector = this.collector();
    await this.until(collector, 'collector listens');
    this.#collector = collector;
    this.#token = /^UNDERMESH_TOKEN=(\S+)$/m.exec(collector.output)?.[1];
    const authority = await this.#said(this.collector({ args: ['authority', '--listen', '0.0.0.0'] }));
    writeFileSync(this.#path('authority.pem'), authority);
    const [, fingerprint] = /^# (sha256:\S+)$/m.exec(authority) ?? [];
    const joining = this.collector({
      entrypoint: ['undermesh'],
      args: ['agents', 'add', NODE, '--collector', COLLECTOR_URL],
      env: { UNDERMESH_TOKEN: this.#token, UNDERMESH_CA: fingerprint },
    });
    const [token] = /^umj_\S+$/m.exec(await this.#said(joining)) ?? [];
    writeFileSync(this.#path('join-token'), `${token}\n`, { mode: 0o600 });
    return collector;
  }

  /** Starts the agent and waits until the collector has welcomed it. */
  async startAgent() {
    const agent = this.agent();
    await this.until(agent, 'connected to the collector');
    return agent;
  }

  /** Waits until a container has said something. */
  async until(container, words) {
    const deadline = Date.now() + TIMEOUT_MS;
    while (!container.output.includes(`"${words}"`)) {
      if (container.child.exitCode !== null || Date.now() > deadline)
        throw new Error(`nobody said "${words}":\n${container.output}`);
      await pause(50);
    }
  }

  /** Waits until something holds. */
  async untilTrue(holds) {
    const deadline = Date.now() + TIMEOUT_MS;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`waited in vain until ${holds}`);
      await pause(100);
    }
  }

  /** Asks the collector over the bridge, as the operator. @returns {string} the body of a good answer */
  ask(path) {
    const trusted = ['--cacert', this.#path('authority.pem')];
    const authorization = ['-H', `authorization: Bearer ${this.#token}`];
    const command = ['curl', '-sSf', '-m', '60', ...trusted, ...authorization, `${COLLECTOR_URL}${path}`];
    return enter(this.namespaces.server, command);
  }

  /** The status, once this many ends have been made and none of them waits, or as it is after a while. */
  async settled(made) {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
      const { records } = JSON.parse(this.ask('/api/v1/status'));
      if ((records.made >= made && records.waiting === 0) || Date.now() > deadline) return records;
      await pause(100);
    }
  }

  /** Removes all of it. May be called twice. */
  async destroy() {
    await this.#collector?.stop().catch(() => {});
    await this.testbed.destroy();
    rmSync(this.#state, { recursive: true, force: true });
    if (this.#mounted) await unmountBpffs(this.#mounted).catch(() => {}); // somebody else's pins may be there by now
  }

  /** What a container says that has to end well. */
  async #said(container) {
    if ((await container.ended()) === 0) return container.output;
    throw new Error(`a container ended badly:\n${container.output}`);
  }

  #path(name) {
    return join(this.#state, name);
  }

  #directory(name, owner) {
    const path = this.#path(name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chownSync(path, owner, owner);
    return path;
  }

  #file(name, content) {
    const path = this.#path(name);
    writeFileSync(path, JSON.stringify(content)); // JSON is YAML too
    return path;
  }
}
