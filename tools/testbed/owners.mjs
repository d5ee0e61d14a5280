// SPDX-License-Identifier: Apache-2.0
// Who made what: one record file per testbed, so that a later run can clean up after one that was killed.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Records live where network namespaces do: both are gone after a reboot. */
export const recordDirectory = '/run/undermesh/testbeds';

/**
 * What tells one process from a later one with the same pid.
 * @returns {{ pid: number, started: string } | undefined} undefined when there is no such process
 */
export function identityOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name may hold spaces
    if (fields[0] === 'Z') return undefined;
    return { pid, started: fields[19] };
  } catch {
    return undefined;
  }
}

/** Whether the very process that was recorded still runs. */
export function isAlive(owner) {
  return owner !== undefined && identityOf(owner.pid)?.started === owner.started;
}

/** Writes a testbed's record, replacing the former one at once. */
export function writeRecord(name, record) {
  mkdirSync(recordDirectory, { recursive: true });
  const path = join(recordDirectory, `${name}.json`);
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

/** Reads a testbed's record; undefined when there is none or it was cut short. */
export function readRecord(name) {
  try {
    return JSON.parse(readFileSync(join(recordDirectory, `${name}.json`), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Forgets a testbed. */
export function removeRecord(name) {
  rmSync(join(recordDirectory, `${name}.json`), { force: true });
  try {
    rmdirSync(recordDirectory);
    rmdirSync(dirname(recordDirectory));
  } catch {
    // Others are in use.
  }
}

/** Names of all testbeds on record. */
export function recordedNames() {
  try {
    return readdirSync(recordDirectory)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length));
  } catch {
    return [];
  }
}
