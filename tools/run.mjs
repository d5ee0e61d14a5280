// SPDX-License-Identifier: Apache-2.0
// What a run made, written down before or as it is made, and how it is undone. The launcher undoes it when it
// stops, the keeper when the launcher was killed, the next start when both were.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { unmountBpffs } from './bpffs.mjs';
import { stateDirectory } from './paths.mjs';
import { identityOf, isAlive } from './testbed/owners.mjs';
import { removeTestbed } from './testbed/testbed.mjs';

const path = join(stateDirectory, 'run.json');

/**
 * Things made, in this order, each of one kind:
 * `{ kind: 'process', name, group, pid, started }`, `{ kind: 'datapath', node, uninstall: string[] }`,
 * `{ kind: 'testbed', name }`, `{ kind: 'bpffs', mountPoint }`.
 */
export class Run {
  constructor({ owner = identityOf(process.pid), keeper = undefined, things = [] } = {}) {
    this.owner = owner;
    this.keeper = keeper;
    this.things = things;
  }

  /** Writes down who undoes it when the owner cannot. */
  keep(pid) {
    this.keeper = identityOf(pid);
    this.#save();
  }

  /** Writes down something made. */
  add(thing) {
    this.things.push(thing);
    this.#save();
    return thing;
  }

  /** Writes down a process that was started just now. Those of one group are stopped together. */
  addProcess(name, pid, group = name) {
    return this.add({ kind: 'process', name, group, ...(identityOf(pid) ?? { pid, started: '' }) });
  }

  /**
   * Undoes all of it, the last first.
   * @param {{ graceMs?: () => number, onThing?: (thing: object) => void, onTrouble?: (thing: object, error: Error) => void }}
   *   [options] `graceMs`: how long a process may take to end after SIGTERM, asked again and again
   */
  async undo({ graceMs = () => 10_000, onThing = () => {}, onTrouble = () => {} } = {}) {
    while (this.things.length > 0) {
      const last = this.things.at(-1);
      const together = last.group === undefined ? [last] : trailing(this.things, last.group);
      onThing(last);
      await Promise.all(
        together.map((thing) => undo(thing, graceMs).catch((error) => onTrouble(thing, error))),
      );
      this.things.length -= together.length;
      this.#save();
    }
    rmSync(path, { force: true });
  }

  #save() {
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, JSON.stringify(this));
    renameSync(`${path}.new`, path);
  }
}

/** The run on record; undefined when there is none. */
export function recordedRun() {
  try {
    return new Run(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function trailing(things, group) {
  const before = things.findLastIndex((thing) => thing.group !== group);
  return things.slice(before + 1);
}

function undo(thing, graceMs) {
  switch (thing.kind) {
    case 'process':
      return endProcess(thing, graceMs);
    case 'datapath':
      return uninstall(thing);
    case 'testbed':
      return removeTestbed(thing.name);
    case 'bpffs':
      return unmountBpffs(thing.mountPoint);
    default:
      throw new Error(`cannot undo "${thing.kind}"`);
  }
}

async function endProcess(thing, graceMs) {
  const start = Date.now();
  if (isAlive(thing)) process.kill(thing.pid, 'SIGTERM');
  while (isAlive(thing)) {
    if (Date.now() - start > graceMs()) {
      process.kill(thing.pid, 'SIGKILL');
      while (isAlive(thing)) await pause(10);
      throw new Error(`${thing.name} did not stop when asked and was killed`);
    }
    await pause(25);
  }
}

async function uninstall({ uninstall: [program, ...parameters] }) {
  execFileSync(program, parameters, {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 30_000,
    encoding: 'utf8',
  });
}
