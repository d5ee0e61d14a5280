// SPDX-License-Identifier: Apache-2.0
import type { ProcessFacts } from './process-facts.js';

/** One process that held a pid. Times are CLOCK_BOOTTIME, ns, as numbers (exact enough beyond 2^53). */
export interface KnownProcess {
  readonly pid: number;
  /** Name of the thread group leader as the kernel wrote it into the record: four words. */
  readonly comm: Uint32Array;
  /** 0 when it was gone before anybody looked. */
  readonly startNs: number;
  /** It was alive then; what it opened up to then is its own. */
  seenNs: number;
  /** When it was first found gone; 0 while it may live. */
  goneNs: number;
  checkedNs: number;
  used: boolean;
  readonly workloadId: number;
  /** An earlier holder of the same pid. */
  older: KnownProcess | undefined;
}

/** A process that a record names. */
export interface ProcessQuery {
  readonly pid: number;
  readonly comm: Uint32Array;
  readonly openedNs: number;
  /** It called connect(), so it was alive then. A listener's process may have died and left its socket to children. */
  readonly connected: boolean;
}

/** Names a process that is met for the first time; `alive` tells whether it can still be asked. */
export type NameProcess = (pid: number, comm: Uint32Array, alive: boolean) => number;

const MAX_PROCESSES = 32_768;
/** How long an answer of /proc is believed: a pid would have to come round within that time to be mistaken. */
const RECHECK_NS = 100_000_000;
const MAX_HOLDERS = 4;

/**
 * Which workload a process is, by pid, safe against reuse of pids: a record belongs to the process that held the pid
 * when its connection was opened. Names survive the process.
 */
export class Processes {
  readonly #facts: ProcessFacts;
  readonly #name: NameProcess;
  readonly #byPid = new Map<number, KnownProcess>();

  constructor(facts: ProcessFacts, name: NameProcess) {
    this.#facts = facts;
    this.#name = name;
  }

  get size(): number {
    return this.#byPid.size;
  }

  /** The workload of a process; asks /proc when what is known is too old. `nowNs` is CLOCK_BOOTTIME. */
  find(query: ProcessQuery, nowNs: number): number {
    const newest = this.#byPid.get(query.pid);
    for (let process = newest; process !== undefined; process = process.older) {
      if (!mayHold(process, query)) continue;
      process.used = true;
      // Of an earlier holder: opened after it was last seen, but before the next one began.
      if (query.openedNs <= process.seenNs || process !== newest) return process.workloadId;
      return this.#recheck(process, query, nowNs);
    }
    return this.#meet(query, { startNs: this.#facts.startNs(query.pid), nowNs });
  }

  /** The newest known holder, and a connection opened after it was last seen: is it still the same process? */
  #recheck(process: KnownProcess, query: ProcessQuery, nowNs: number): number {
    if (nowNs - process.checkedNs < RECHECK_NS) return process.workloadId;
    const startNs = this.#facts.startNs(query.pid);
    process.checkedNs = nowNs;
    if (startNs !== undefined && startNs === process.startNs) {
      process.seenNs = nowNs;
      return process.workloadId;
    }
    if (process.goneNs === 0) process.goneNs = nowNs;
    // Nobody has it now, or somebody else took it after this connection was opened: it was the one we know.
    if (startNs === undefined || startNs > query.openedNs) return process.workloadId;
    return this.#meet(query, { startNs, nowNs });
  }

  #meet(query: ProcessQuery, found: { startNs: number | undefined; nowNs: number }): number {
    const { pid, openedNs } = query;
    const comm = query.comm.slice();
    const alive = found.startNs !== undefined && found.startNs <= openedNs;
    const workloadId = this.#name(pid, comm, alive);
    const older = this.#byPid.get(pid);
    const process: KnownProcess = {
      pid,
      comm,
      startNs: alive ? (found.startNs ?? 0) : 0,
      // A holder that is gone had the pid at least until it opened this.
      seenNs: alive ? found.nowNs : openedNs,
      checkedNs: found.nowNs,
      goneNs: alive ? 0 : found.nowNs,
      used: true,
      workloadId,
      older,
    };
    let depth = 1;
    for (let at: KnownProcess | undefined = process; at !== undefined; at = at.older) {
      if (depth++ >= MAX_HOLDERS) at.older = undefined;
    }
    if (older === undefined) this.#evict();
    this.#byPid.set(pid, process);
    return workloadId;
  }

  /** Second chance: what was asked for since the last round stays. */
  #evict(): void {
    if (this.#byPid.size < MAX_PROCESSES) return;
    for (const [pid, process] of this.#byPid) {
      this.#byPid.delete(pid);
      if (!process.used) return;
      process.used = false;
      this.#byPid.set(pid, process);
    }
  }
}

/** Whether a process could have held the pid when the connection was opened. Its start is rounded down, never up. */
const mayHold = (process: KnownProcess, query: ProcessQuery): boolean =>
  sameComm(process.comm, query.comm) &&
  query.openedNs >= process.startNs &&
  !(query.connected && process.goneNs !== 0 && query.openedNs > process.goneNs);

const sameComm = (a: Uint32Array, b: Uint32Array): boolean =>
  a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
