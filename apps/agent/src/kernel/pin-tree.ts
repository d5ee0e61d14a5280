// SPDX-License-Identifier: Apache-2.0
import { type Dirent, existsSync, lstatSync, readdirSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bpffs, isBpffs } from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';

/** Where an instance keeps its pins, by release of the ABI. bpffs takes no dots in names. */
export const instanceDirectory = (pinDirectory: string, instance: string): string =>
  join(pinDirectory, instance.replaceAll('.', '+'));

/** Removes pins and directories below `directory`, and itself. Does nothing when it is not there or lies in no bpffs. */
export function removeTree(directory: string): void {
  if (!isBpffs(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeTree(path);
    else bpffs.unpin(path);
  }
  rmdirSync(directory);
}

/** How many pins are below `directory`: those that attach programs, and others. None where there is no such directory. */
export function countPins(directory: string): { attachments: number; others: number } {
  const count = { attachments: 0, others: 0 };
  if (!existsSync(directory)) return count;
  for (const { parentPath } of filesBelow(directory)) {
    count[basename(parentPath) === 'links' ? 'attachments' : 'others'] += 1;
  }
  return count;
}

const filesBelow = (directory: string): Dirent[] =>
  readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) => !entry.isDirectory());

export function removeIfEmpty(directory: string): void {
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}

/**
 * Checks that all below `directory`, and itself, belongs to this user and to nobody else: whoever can write there decides
 * on what traffic does. Throws UndermeshError `pins_foreign`.
 */
export function checkTree(directory: string): void {
  if (!existsSync(directory)) return;
  checkOwner(directory);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) checkTree(path);
    else checkOwner(path);
  }
}

function checkOwner(path: string): void {
  const { uid, mode } = lstatSync(path);
  if (uid !== process.geteuid?.()) throw foreignPin(path, `belongs to user ${uid}`);
  if ((mode & 0o022) !== 0)
    throw foreignPin(path, `can be written by others (mode ${(mode & 0o777).toString(8)})`);
}

/** The error for a pin that this agent did not make. */
export const foreignPin = (path: string, why: string): Error => agentError('pins_foreign', `${path} ${why}.`);
