// SPDX-License-Identifier: Apache-2.0
// Debian's sources of a kernel series.
import { join } from 'node:path';
import { stateDirectory } from '../paths.mjs';
import { fetchPackages } from './unpacked.mjs';

/** Where they lie, and what is made of them. */
export const cache = join(stateDirectory, 'kernels');

/**
 * Fetches them, some 140 MB, or finds them.
 * @param {string} version `6.12`
 * @returns {Promise<{ name: string, archive: string }>} `name`: of the one directory in the archive
 */
export async function fetchSources(version) {
  const name = `linux-source-${version}`;
  await fetchPackages(join(cache, name), () => [name]);
  return { name, archive: join(cache, name, 'usr/src', `${name}.tar.xz`) };
}
