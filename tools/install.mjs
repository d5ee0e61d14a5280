// SPDX-License-Identifier: Apache-2.0
// npm packages: installed when those of the lock file are not the ones that are there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { step } from './command.mjs';
import { npm, root } from './paths.mjs';

/** Runs `npm ci` unless node_modules holds what package-lock.json asks for. */
export async function ensureInstalled() {
  if (isInstalled(readLock('package-lock.json'), readLock('node_modules/.package-lock.json'))) return;
  await step('installing npm packages', [...npm, 'ci', '--no-audit', '--no-fund'], {
    log: 'npm-ci',
    mend: 'run "npm ci" to see all of it; it needs the npm registry',
  });
}

/**
 * Whether what npm installed is what the lock file asks for. npm writes the second file at the end of a
 * successful installation only; optional packages of other platforms are not in it.
 * @param {object | undefined} wanted package-lock.json
 * @param {object | undefined} installed node_modules/.package-lock.json
 */
export function isInstalled(wanted, installed) {
  if (!wanted || !installed) return false;
  return Object.entries(wanted.packages).every(([path, { version, link, optional, devOptional }]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true; // our own
    const found = installed.packages[path];
    if (!found) return Boolean(optional || devOptional);
    return link ? Boolean(found.link) : found.version === version;
  });
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return undefined;
  }
}
