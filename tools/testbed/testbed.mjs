// SPDX-License-Identifier: Apache-2.0
// A testbed: network namespaces, cgroups, processes and pins that one run makes and that are gone when it ends.
//
//   const testbed = await Testbed.create('undermesh-test-exact');
//   const left = testbed.namespace('left');
//   const child = testbed.spawn('curl', ['http://10.99.2.1/'], { namespace: left, cgroup: testbed.cgroup('left') });
//   await testbed.destroy();
//
// Everything is written down before it is made (owners.mjs), so that a killed run is cleaned up by the next one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bpffsMount, cgroup2Mount, makeCgroup, removeCgroup } from './cgroups.mjs';
import { makeNamespace, namespacePath, removeNamespace } from './namespaces.mjs';
import { identityOf, isAlive, readRecord, recordedNames, removeRecord, writeRecord } from './owners.mjs';

const namePattern = /^undermesh-[a-z0-9-]{1,40}$/;

export class Testbed {
  #record;
  #children = new Set();

  /** Makes an empty testbed. Throws when one of this name is in use by a live process. */
  static async create(name) {
    if (!namePattern.test(name)) throw new Error(`a testbed's name must match ${namePattern}, got "${name}"`);
    const mount = cgroup2Mount();
    if (!mount) throw new Error('cannot make a testbed: no cgroup v2 hierarchy is mounted');
    const former = readRecord(name);
    if (isAlive(former?.owner))
      throw new Error(`the testbed ${name} is in use by process ${former.owner.pid}`);
    await removeTestbed(name);
    return new Testbed(name, join(mount, name));
  }

  constructor(name, root) {
    this.name = name;
    /** The cgroup above all others of this testbed. */
    this.root = root;
    /** Where agents of this testbed pin what they have in the kernel; gone with it. */
    this.pins = join(bpffsMount() ?? '/sys/fs/bpf', name);
    this.#record = { owner: identityOf(process.pid), namespaces: [], cgroup: root, pins: this.pins };
    writeRecord(name, this.#record);
    makeCgroup(root);
  }

  /** Makes a network namespace and returns its full name, `<testbed>-<name>`. */
  namespace(name) {
    const full = `${this.name}-${name}`;
    this.#record.namespaces.push(full);
    writeRecord(this.name, this.#record);
    makeNamespace(full);
    return full;
  }

  /** Makes a cgroup below the testbed's own and returns its absolute path. */
  cgroup(path) {
    const full = join(this.root, path);
    makeCgroup(full);
    return full;
  }

  /**
   * Starts a process in a namespace and a cgroup. The cgroup is joined first, so that every socket counts there.
   * @param {string} command @param {string[]} parameters
   * @param {{ namespace?: string, cgroup?: string } & import('node:child_process').SpawnOptions} [options]
   */
  spawn(command, parameters, { namespace, cgroup = this.root, ...options } = {}) {
    const child = spawn(...wrapped([command, ...parameters], { namespace, cgroup }), {
      detached: true,
      ...options,
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Runs a command to its end. @returns {Promise<{ code: number | null, stdout: string, stderr: string }>} */
  async run(command, parameters, options = {}) {
    const child = this.spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
    const [code] = await once(child, 'close');
    return { code, ...output };
  }

  /** Ends every process, and removes namespaces, cgroups, pins and the record. May be called twice. */
  async destroy() {
    const ended = [...this.#children].map((child) => once(child, 'exit'));
    await removeTestbed(this.name);
    await Promise.all(ended);
  }
}

/** The command line that joins a cgroup, enters a network namespace, and becomes `command`. */
export function wrapped(command, { namespace, cgroup }) {
  const inside = namespace ? ['nsenter', `--net=${namespacePath(namespace)}`, '--', ...command] : command;
  return ['sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup, ...inside]];
}

/**
 * Cleans up after runs that were killed: every recorded testbed whose owner is gone.
 * @param {string} [prefix] only testbeds whose name starts so
 * @returns {Promise<string[]>} the names of those cleaned
 */
export async function sweep(prefix = 'undermesh-') {
  const stale = recordedNames().filter(
    (name) => name.startsWith(prefix) && !isAlive(readRecord(name)?.owner),
  );
  for (const name of stale) await removeTestbed(name);
  return stale;
}

/** Removes all that a testbed made, whoever made it. Fine when there is none. */
export async function removeTestbed(name) {
  const record = readRecord(name);
  if (!record) return;
  await removeCgroup(record.cgroup);
  for (const namespace of record.namespaces) removeNamespace(namespace);
  if (record.pins) rmSync(record.pins, { recursive: true, force: true });
  removeRecord(name);
}
