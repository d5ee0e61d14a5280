// SPDX-License-Identifier: Apache-2.0
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentError } from '../errors.js';

interface Holder {
  readonly pid: number;
  /** Start of the process in clock ticks since boot: a pid alone may have been given to another. */
  readonly start: string;
  readonly bootId: string;
}

const SUFFIX = '.lock';

/** One agent per instance: a file that names its process. A file of a process that is gone is taken over. */
export class InstanceLock {
  readonly #directory: string;
  readonly #path: string;

  /** Takes the lock. Throws UndermeshError `instance_running`. */
  constructor(directory: string, instance: string) {
    this.#directory = directory;
    this.#path = join(directory, `${instance}${SUFFIX}`);
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const mine = `${this.#path}.${process.pid}`;
    writeFileSync(mine, JSON.stringify(holder(process.pid)), { mode: 0o644 });
    try {
      this.#take(mine, instance);
    } finally {
      rmSync(mine, { force: true });
    }
  }

  /** A hard link appears at once and whole, or not at all: two agents cannot both have it. */
  #take(mine: string, instance: string): void {
    for (let attempt = 0; ; attempt++) {
      try {
        linkSync(mine, this.#path);
        return;
      } catch (cause) {
        const other = readHolder(this.#path);
        if (attempt > 3 || (other !== undefined && isAlive(other))) {
          throw agentError(
            'instance_running',
            `An agent with the instance ${instance} is running (pid ${other?.pid ?? 'unknown'}, ${this.#path}).`,
            cause,
          );
        }
        rmSync(this.#path, { force: true });
      }
    }
  }

  /** The process that holds the lock of an instance; `undefined` when none does. */
  static holderOf(directory: string, instance: string): number | undefined {
    const other = readHolder(join(directory, `${instance}${SUFFIX}`));
    return other !== undefined && isAlive(other) ? other.pid : undefined;
  }

  /** Whether no other agent that shares this directory is alive. */
  get last(): boolean {
    return readdirSync(this.#directory)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => join(this.#directory, name))
      .filter((path) => path !== this.#path)
      .every((path) => {
        const other = readHolder(path);
        return other === undefined || !isAlive(other);
      });
  }

  release(): void {
    rmSync(this.#path, { force: true });
  }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

const holder = (pid: number): Holder => ({ pid, start: startOf(pid) ?? '', bootId: bootId() });

const isAlive = ({ pid, start, bootId: boot }: Holder): boolean =>
  boot === bootId() && startOf(pid) === start;

/** Of a process that runs: one that ended, and that nobody has waited for yet, holds nothing. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ended = fields[0] === 'Z' && Number(fields[17]) <= 1; // its first thread, and no other one runs on
    return ended ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, start, bootId: boot } = value as Partial<Holder>;
    return typeof pid === 'number' && typeof start === 'string' && typeof boot === 'string'
      ? { pid, start, bootId: boot }
      : undefined;
  } catch {
    return undefined;
  }
}
