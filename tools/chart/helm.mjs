// SPDX-License-Identifier: Apache-2.0
// The real Helm over our chart. Nothing it does here asks a cluster.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { root } from '../paths.mjs';
import { chartTools } from './fetch.mjs';

/** Our chart. */
export const chart = join(root, 'charts/undermesh');

/**
 * Runs Helm to its end, with a home of its own.
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
export async function helm(parameters) {
  const home = mkdtempSync(join(tmpdir(), 'undermesh-helm-'));
  const env = { PATH: '/usr/bin:/bin', HOME: home };
  try {
    const options = { env, maxBuffer: 64 * 2 ** 20 };
    const output = await promisify(execFile)(join(chartTools(), 'helm/helm'), parameters, options);
    return { code: 0, ...output };
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return { code: error.code, stdout: error.stdout, stderr: error.stderr };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/**
 * The objects of a release `undermesh` in the namespace `mesh`. Throws with Helm's words when it refuses.
 * @param {{ values?: string[], set?: string[], namespace?: string, more?: string[] }} [options] `values`: files
 */
export async function render({ values = [], set = [], namespace = 'mesh', more = [] } = {}) {
  const { code, stdout, stderr } = await helm([
    'template',
    'undermesh',
    chart,
    '--namespace',
    namespace,
    ...values.flatMap((file) => ['--values', file]),
    ...set.flatMap((setting) => ['--set', setting]),
    ...more,
  ]);
  if (code !== 0) throw new Error(stderr);
  // YAML 1.1, as Kubernetes reads it: 0400 is octal.
  return parseAllDocuments(stdout, { version: '1.1' }).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() ?? [];
  });
}

/** The one object of this kind and name. Throws when it is not there. */
export function objectOf(objects, kind, name) {
  const found = objects.filter((one) => one.kind === kind && one.metadata.name === name);
  if (found.length === 1) return found[0];
  const there = objects.map((one) => `${one.kind} ${one.metadata.name}`);
  throw new Error(`${found.length} objects are ${kind} ${name}; there are ${there.join(', ')}`);
}
