// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import type { ProgramFacts } from './program-name.js';

/** One line of /proc/<pid>/cgroup. `controllers` is empty for the unified hierarchy. */
export interface CgroupLine {
  readonly controllers: string;
  readonly path: string;
}

/** Length of a clock tick, ns: /proc/<pid>/stat counts starts in USER_HZ, which is 100 on every Linux. */
const TICK_NS = 10_000_000;

/** Reads processes from a procfs. Nothing here throws: a process may be gone at any moment. */
export class ProcessFacts {
  readonly #root: string;

  /** @param root the procfs, e.g. `/proc`. */
  constructor(root = '/proc') {
    this.#root = root;
  }

  /** When a process started, CLOCK_BOOTTIME ns to the tick below; `undefined` when it is gone. */
  startNs(pid: number): number | undefined {
    // Asking first is cheaper than an exception: most short processes are gone by now.
    if (statSync(`${this.#root}/${pid}`, { throwIfNoEntry: false }) === undefined) return undefined;
    const text = this.#read(pid, 'stat');
    if (text === undefined) return undefined;
    // The name may hold blanks and parentheses: fields are counted from behind the last one. starttime is field 22.
    const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
    return Number.isFinite(ticks) ? ticks * TICK_NS : undefined;
  }

  /** What names a process; `undefined` when it is gone. */
  program(pid: number): ProgramFacts | undefined {
    const comm = this.#read(pid, 'comm');
    if (comm === undefined) return undefined;
    const argv = (this.#read(pid, 'cmdline') ?? '').split('\0');
    return {
      comm: comm.trimEnd(),
      executable: this.#link(pid, 'exe'),
      argv: argv.at(-1) === '' ? argv.slice(0, -1) : argv,
      directory: this.#link(pid, 'cwd'),
    };
  }

  /** Its cgroup in every hierarchy; empty when it is gone. */
  cgroups(pid: number): CgroupLine[] {
    const text = this.#read(pid, 'cgroup') ?? '';
    const lines: CgroupLine[] = [];
    for (const line of text.split('\n')) {
      const match = /^\d+:([^:]*):(.*)$/.exec(line);
      if (match !== null) lines.push({ controllers: match[1] ?? '', path: match[2] ?? '' });
    }
    return lines;
  }

  #read(pid: number, file: string): string | undefined {
    try {
      return readFileSync(`${this.#root}/${pid}/${file}`, 'utf8');
    } catch {
      return undefined;
    }
  }

  #link(pid: number, file: string): string {
    try {
      return readlinkSync(`${this.#root}/${pid}/${file}`);
    } catch {
      return '';
    }
  }
}
