// SPDX-License-Identifier: Apache-2.0
// Our kernel module, built for one of the kernels of kernels.mjs.
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.mjs';
import { buildModule, fetchHeaders } from './headers.mjs';

/** The kernels that it is built and tried for. */
export const kernels = ['6.12', '6.1'];

const sources = join(root, 'kmod');

/**
 * Builds it from a copy of its sources.
 * @param {{ version: string, release: string, headers?: string }} kernel see fetchKernel(), buildCheckedKernel()
 * @param {string} directory that is made anew
 * @returns {Promise<string>} the module's file
 */
export async function buildUndermesh(kernel, directory) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(sources).filter((one) => /^Kbuild$|\.[ch]$/.test(one)))
    cpSync(join(sources, name), join(directory, name));
  buildModule(kernel.headers ?? (await fetchHeaders(kernel)), directory);
  return join(directory, 'undermesh.ko');
}
