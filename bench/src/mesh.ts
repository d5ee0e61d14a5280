// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bpffs, isBpffs, mountBpffs } from '@undermesh/libbpf-ts';
import { endProcess, isCollectorBuilt, startCollector } from './collector-process.js';
import { cgroupCpuUs } from './cpu.js';
import { makeScratch, removedAtExit } from './scratch.js';
import type { Testbed } from './testbed.js';

const NODE = 'bench';
const BPFFS = '/sys/fs/bpf';
const PINS = join(BPFFS, `undermesh-bench-${process.pid}`);
const own = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What a {@link Mesh} is made of. */
export interface MeshOptions {
  /** The cgroup that the agent observes. */
  readonly observed: string;
  readonly collector: 'real' | 'stand-in';
  /** Settings of the agent other than the default ones. */
  readonly agent?: Readonly<Record<string, unknown>>;
}

/** A collector, and an agent that comes and goes, each in a cgroup of its own so that its CPU time can be told. */
export class Mesh {
  readonly #testbed: Testbed;
  readonly #scratch = makeScratch();
  readonly #removePins = removedAtExit(PINS); // an agent that failed to start may leave them
  readonly #cgroups: { readonly agent: string; readonly collector: string };
  #collector: ChildProcess | undefined;
  #agent: ChildProcess | undefined;
  #mounted = false;

  private constructor(testbed: Testbed) {
    this.#testbed = testbed;
    this.#cgroups = { agent: testbed.cgroup('agent'), collector: testbed.cgroup('collector') };
  }

  /** Starts the collector and the process that will be the agent; nothing is attached yet. */
  static async start(testbed: Testbed, options: MeshOptions): Promise<Mesh> {
    const mesh = new Mesh(testbed);
    try {
      await mesh.#start(options);
    } catch (error) {
      await mesh.stop();
      throw error;
    }
    return mesh;
  }

  /** Starts observing; resolves when the collector has welcomed the agent. */
  attach(): Promise<void> {
    return this.#order('start');
  }

  /** Ends observing, with everything sent. */
  detach(): Promise<void> {
    return this.#order('stop');
  }

  /** CPU time so far, microseconds. */
  cpuUs(): { agent: number; collector: number } {
    return { agent: cgroupCpuUs(this.#cgroups.agent), collector: cgroupCpuUs(this.#cgroups.collector) };
  }

  /** Stops the agent's process in its tracks, or lets it go on: the kernel's ring fills up meanwhile. */
  freeze(frozen: boolean): void {
    this.#agent?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async stop(): Promise<void> {
    await endProcess(this.#agent);
    await endProcess(this.#collector);
    this.#removePins();
    this.#scratch.remove();
    if (this.#mounted) bpffs.unmountBpffs(BPFFS);
    this.#mounted = false;
  }

  async #start(options: MeshOptions): Promise<void> {
    if (!isBpffs(BPFFS)) {
      mountBpffs(BPFFS);
      this.#mounted = true;
    }
    const credentialFile = join(this.#scratch.path, 'credential');
    const port =
      options.collector === 'real'
        ? await this.#startCollector(credentialFile)
        : await this.#startStandIn(credentialFile);
    const config = this.#write('agent', {
      agent: {
        node: NODE,
        cgroup: options.observed,
        collector: { url: `ws://127.0.0.1:${port}/ingest/v1`, credentialFile },
        listen: { port: 0 },
        runDirectory: join(this.#scratch.path, 'run'),
        spool: { directory: join(this.#scratch.path, 'spool') },
        engine: { directory: join(this.#scratch.path, 'engine') },
        pinDirectory: PINS,
        logLevel: 'error',
        ...options.agent,
      },
    });
    this.#agent = this.#fork(own('agent-process.js'), [config], this.#cgroups.agent);
  }

  async #startStandIn(credentialFile: string): Promise<number> {
    writeFileSync(credentialFile, 'bench\n', { mode: 0o600 });
    this.#collector = this.#fork(own('stand-in-process.js'), [], this.#cgroups.collector);
    const [port] = (await once(this.#collector, 'message')) as [number];
    return port;
  }

  async #startCollector(credentialFile: string): Promise<number> {
    const { child, port } = await startCollector({
      testbed: this.#testbed,
      cgroup: this.#cgroups.collector,
      directory: this.#scratch.path,
      node: NODE,
      credentialFile,
    });
    this.#collector = child;
    return port;
  }

  #fork(program: string, parameters: string[], cgroup: string): ChildProcess {
    return this.#testbed.spawn(process.execPath, [program, ...parameters], {
      cgroup,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  async #order(order: 'start' | 'stop'): Promise<void> {
    if (this.#agent === undefined) throw new Error('the mesh has been stopped');
    this.#agent.send(order);
    const [answer] = (await once(this.#agent, 'message')) as [string];
    if (answer !== 'done') throw new Error(`the agent did not ${order}: ${answer}`);
  }

  #write(name: string, config: unknown): string {
    const file = join(this.#scratch.path, `${name}.yaml`); // JSON is YAML too
    writeFileSync(file, JSON.stringify(config));
    return file;
  }
}

/** The real collector where it has been built, else the stand-in. */
export const availableCollector = (): MeshOptions['collector'] => (isCollectorBuilt() ? 'real' : 'stand-in');
