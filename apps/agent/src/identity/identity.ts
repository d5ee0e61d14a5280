// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord, Reporter } from '@undermesh/bpf-abi';
import type { Pod } from '@undermesh/mesh';
import type { IdentityRule } from '../config/schema.js';
import { meaningOf } from './cgroup-components.js';
import { CgroupPaths, type CgroupTail } from './cgroup-paths.js';
import { toName } from './names.js';
import { podOfPath } from './pod-cgroup.js';
import { ProcessFacts } from './process-facts.js';
import { Processes, type ProcessQuery } from './processes.js';
import { programName } from './program-name.js';
import { compilePattern, compileRules, type RuleMatcher } from './rules.js';
import type { WorkloadName, Workloads } from './workloads.js';

/** What identity rests on. */
export interface IdentityOptions {
  readonly rules: readonly IdentityRule[];
  /** Patterns of cgroups whose processes are Undermesh's own. */
  readonly systemCgroups: readonly string[];
  /** Where cgroup2 is mounted. */
  readonly mount: string;
  /** Path of the agent's cgroup below the mount. */
  readonly scope: string;
  readonly tail: (cgroupId: number) => CgroupTail | undefined;
  /** The procfs; default `/proc`. */
  readonly processes?: string;
  /** Pods of this node by uid; absent where there is no cluster. */
  readonly pods?: { find(uid: string): Pod | undefined };
}

interface KnownCgroup {
  /** 0: its processes name themselves. */
  readonly workloadId: number;
  readonly system: boolean;
  /** Look again after this moment (performance.now()). */
  readonly untilMs: number;
}

const MAX_CGROUPS = 16_384;
const LOOK_AGAIN_MS = 10;
const SETTLED = Number.POSITIVE_INFINITY;
const SYSTEM_NAMESPACE = 'undermesh';
const SYSTEM_NAME = /^undermesh-(?:agent|collector)$/;

const CGROUP = ConnectionRecord.cgroupId >> 2;
const PID = ConnectionRecord.pid >> 2;
const OPENED = ConnectionRecord.openedNs >> 2;
const PROCESS = ConnectionRecord.process >> 2;
const HIGH = 4_294_967_296;

/**
 * Which workload a socket belongs to, in this order: a configured rule, what runs its pod, a systemd unit, a container,
 * the process's name; `unknown` otherwise. Undermesh's own processes come first of all.
 */
export class Identity {
  readonly workloads: Workloads;
  readonly #cgroups = new Map<number, KnownCgroup>();
  readonly #system = new Map<number, number>();
  readonly #processes: Processes;
  readonly #paths: CgroupPaths;
  readonly #facts: ProcessFacts;
  readonly #rules: RuleMatcher;
  readonly #systemCgroups: readonly RegExp[];
  readonly #pods: IdentityOptions['pods'];
  readonly #query = { pid: 0, comm: new Uint32Array(4), openedNs: 0, connected: false };

  constructor(workloads: Workloads, options: IdentityOptions) {
    this.workloads = workloads;
    this.#facts = new ProcessFacts(options.processes);
    this.#rules = compileRules(options.rules);
    this.#pods = options.pods;
    this.#systemCgroups = options.systemCgroups.map((pattern) => compilePattern(`${pattern}/**`));
    this.#processes = new Processes(this.#facts, (pid, comm, alive) => this.#nameProcess(pid, comm, alive));
    this.#paths = new CgroupPaths({
      mount: options.mount,
      scope: options.scope,
      tail: options.tail,
      pathOfProcess: (pid) => this.#facts.cgroups(pid).find(({ controllers }) => controllers === '')?.path,
    });
  }

  /** Declares a living process to be Undermesh's own, e.g. `undermesh-collector`. */
  addSystemProcess(pid: number, name: string): void {
    if (this.#system.get(pid) !== undefined) return;
    const system = {
      namespace: SYSTEM_NAMESPACE,
      name: toName(name),
      kind: 'process',
      system: true,
    } as const;
    this.#system.set(pid, this.workloads.intern(system));
  }

  /** Takes back {@link addSystemProcess}: the pid may be given to somebody else. */
  removeSystemProcess(pid: number): void {
    this.#system.delete(pid);
  }

  /**
   * The workload id of the record that begins at `words[at]` (layout of ConnectionRecord). `nowNs` is CLOCK_BOOTTIME.
   * Allocates nothing for what is known.
   */
  ofRecord(words: Uint32Array, at: number, nowNs: number): number {
    const pid = words[at + PID] ?? 0;
    const system = this.#system.get(pid);
    if (system !== undefined) return system;
    const cgroupId = (words[at + CGROUP] ?? 0) + (words[at + CGROUP + 1] ?? 0) * HIGH;
    const cgroup = this.#cgroup(cgroupId, pid);
    if (cgroup.workloadId !== 0) return cgroup.workloadId;
    const query = this.#query;
    query.pid = pid;
    query.openedNs = (words[at + OPENED] ?? 0) + (words[at + OPENED + 1] ?? 0) * HIGH;
    // The reporter is the third byte of the first word.
    query.connected = (((words[at] ?? 0) >>> 16) & 0xff) === Reporter.SOURCE;
    for (let i = 0; i < 4; i++) query.comm[i] = words[at + PROCESS + i] ?? 0;
    return this.#ofProcess(query, nowNs);
  }

  /** The workload id of a process that listens. */
  ofListener(listener: { cgroupId: number; pid: number; process: string }, nowNs: number): number {
    const system = this.#system.get(listener.pid);
    if (system !== undefined) return system;
    const cgroup = this.#cgroup(listener.cgroupId, listener.pid);
    if (cgroup.workloadId !== 0) return cgroup.workloadId;
    const comm = new Uint32Array(4);
    new TextEncoder().encodeInto(listener.process, new Uint8Array(comm.buffer));
    return this.#ofProcess({ pid: listener.pid, comm, openedNs: nowNs, connected: false }, nowNs);
  }

  #ofProcess(query: ProcessQuery, nowNs: number): number {
    if (query.pid === 0 && query.comm[0] === 0) return this.workloads.unknown;
    return this.#processes.find(query, nowNs);
  }

  #cgroup(cgroupId: number, pid: number): KnownCgroup {
    const known = this.#cgroups.get(cgroupId);
    if (known !== undefined && (known.untilMs === SETTLED || performance.now() < known.untilMs)) return known;
    const { path, settled } = this.#paths.find(cgroupId, pid);
    const { settled: isNamed = true, ...named } = this.#nameCgroup(path);
    const untilMs = settled && isNamed ? SETTLED : performance.now() + LOOK_AGAIN_MS;
    const found = { ...named, untilMs };
    if (this.#cgroups.size >= MAX_CGROUPS && known === undefined) {
      const [oldest] = this.#cgroups.keys();
      if (oldest !== undefined) this.#cgroups.delete(oldest);
    }
    this.#cgroups.set(cgroupId, found);
    return found;
  }

  /** Not `settled`: it may have a better name in a moment. */
  #nameCgroup(path: string | undefined): { workloadId: number; system: boolean; settled?: boolean } {
    if (path === undefined) return { workloadId: 0, system: false };
    const system = this.#systemCgroups.some((pattern) => pattern.test(path));
    const rule = this.#rules(path);
    if (rule !== undefined) {
      const { namespace, workload: name, version } = rule;
      const origin = `cgroup ${path}`;
      return {
        system,
        workloadId: this.workloads.intern({ namespace, name, version, kind: 'configured', system, origin }),
      };
    }
    const uid = this.#pods === undefined ? undefined : podOfPath(path);
    const pod = uid === undefined ? undefined : this.#pods?.find(uid);
    if (pod !== undefined) return { system, workloadId: this.workloads.intern(nameOfPod(pod, system)) };
    const named = nameOfPath(path, system);
    const workloadId = named === undefined ? 0 : this.workloads.intern(named);
    return { system, workloadId, settled: uid === undefined };
  }

  #nameProcess(pid: number, comm: Uint32Array, alive: boolean): number {
    const facts = alive ? this.#facts.program(pid) : undefined;
    const cgroups = facts === undefined ? [] : this.#facts.cgroups(pid);
    // On hosts with both cgroup versions, units and containers may only show in the first one's hierarchies.
    const systemd = cgroups.filter(({ controllers }) => controllers === 'name=systemd');
    const unified = cgroups.find(({ controllers }) => controllers === '')?.path;
    const system = unified !== undefined && this.#systemCgroups.some((pattern) => pattern.test(unified));
    for (const { controllers, path } of [...systemd, ...cgroups]) {
      if (controllers === '') continue;
      const named = nameOfPath(path, system);
      if (named !== undefined) return this.workloads.intern(named);
    }
    const kernelName = commText(comm);
    const name = toName(facts === undefined ? kernelName : programName(facts));
    if (name === 'unknown') return this.workloads.unknown;
    const origin = `process ${facts?.executable || kernelName}`;
    const namespace = system ? SYSTEM_NAMESPACE : 'host';
    return this.workloads.intern({ namespace, name, kind: 'process', system, origin });
  }
}

/** A pod goes by what runs it: many pods, and one after the other, are one workload. */
function nameOfPod({ namespace, name, owner, version, system: own }: Pod, system: boolean): WorkloadName {
  return {
    namespace: toName(namespace),
    name: toName(owner.name),
    version: version === null ? undefined : toName(version),
    kind: 'kubernetes',
    system: system || own,
    origin: `${owner.kind} ${namespace}/${owner.name}, first seen as pod ${name}`,
  };
}

/** The unit or the container that a path stands for. */
function nameOfPath(path: string, system: boolean): WorkloadName | undefined {
  const meaning = meaningOf(path);
  if (meaning === undefined || meaning.kind === 'process') return undefined;
  if (meaning.kind === 'container') {
    // As `docker ps` shows them: an id is told apart by its first 12 digits.
    const name = toName(/^[0-9a-f]{64}$/.test(meaning.id) ? meaning.id.slice(0, 12) : meaning.id);
    const origin = `${meaning.runtime} container ${meaning.id}`;
    return { namespace: system ? SYSTEM_NAMESPACE : 'host', name, kind: 'container', system, origin };
  }
  const name = toName(meaning.name);
  const own = system || (SYSTEM_NAME.test(name) && meaning.unit === `${name}.service`);
  const namespace = own ? SYSTEM_NAMESPACE : 'host';
  return { namespace, name, kind: 'unit', system: own, origin: `systemd unit ${meaning.unit}` };
}

function commText(comm: Uint32Array): string {
  const bytes = new Uint8Array(comm.buffer, comm.byteOffset, 16);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
