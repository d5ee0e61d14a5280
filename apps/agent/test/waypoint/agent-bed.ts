// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, type AgentConfig, createAgent, loadAgentConfig } from '../../src/index.js';
import { uninstall } from '../../src/uninstall.js';
import { EngineBed } from '../engine-bed.js';
import { TestCollector } from '../test-collector.js';

/** An agent that runs the waypoints of node `here` out of manifests, with a collector, servers, and a cgroup of clients. */
export class WaypointAgentBed {
  readonly engine = new EngineBed();
  readonly collector: TestCollector;
  readonly config: AgentConfig;
  agent: Agent;
  readonly #manifests: string;
  #endBackend = (): boolean => true;

  /** `backend`: a program that says something once its servers listen. */
  static async start(of: { readonly mesh: string; readonly backend: string }): Promise<WaypointAgentBed> {
    const collector = await new TestCollector({ token: 'secret' }).start();
    const bed = new WaypointAgentBed(of.mesh, collector);
    const { namespace } = bed.engine;
    const backend = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', of.backend]);
    await new Promise((resolve) => backend.stdout.once('data', resolve));
    bed.#endBackend = () => backend.kill('SIGKILL');
    await bed.agent.start();
    return bed;
  }

  private constructor(mesh: string, collector: TestCollector) {
    const { engine } = this;
    const file = (name: string): string => join(engine.directory, name);
    this.collector = collector;
    this.#manifests = file('manifests');
    mkdirSync(this.#manifests);
    this.write(mesh);
    writeFileSync(file('credential'), 'secret\n', { mode: 0o600 });
    const agent = {
      node: 'here',
      cgroup: engine.cgroup,
      collector: { url: collector.url, credentialFile: file('credential') },
      listen: { port: 0 },
      runDirectory: file('run'),
      spool: { directory: file('spool') },
      engine: { default: 'dual-engine', directory: file('engine') },
      pinDirectory: engine.pins,
      ringBytes: 1 << 20,
      logLevel: 'silent',
      mesh: {
        manifests: this.#manifests,
        enrol: [`/${engine.namespace}/clients`],
        waypoints: {
          run: ['shop/*'],
          cgroup: `/${engine.namespace}/way`,
          networkNamespace: `/run/netns/${engine.namespace}`,
          trusted: ['10.1.0.0/16', 'fd01::/16'],
        },
      },
    };
    writeFileSync(file('undermesh.yaml'), JSON.stringify({ agent }));
    this.config = loadAgentConfig({ file: file('undermesh.yaml'), env: {} });
    mkdirSync(join(engine.cgroup, 'clients'));
    this.agent = createAgent(this.config);
  }

  /** Puts other manifests in the place of those that are there. */
  write(mesh: string): void {
    writeFileSync(join(this.#manifests, 'mesh.yaml'), mesh);
  }

  /** The next agent of the node, after the one before was stopped. */
  async startAgain(): Promise<void> {
    this.agent = createAgent(this.config);
    await this.agent.start();
  }

  async end(): Promise<void> {
    await this.agent.stop();
    await uninstall(this.config);
    await this.collector.stop();
    this.#endBackend();
    await this.engine.remove();
  }

  /** Shell that runs `command` as an enrolled client; its parameters are `$0` and on. */
  asClient(command: string): string {
    const { cgroup, namespace } = this.engine;
    return `echo $$ > ${cgroup}/clients/cgroup.procs; exec ip netns exec ${namespace} ${command}`;
  }
}
