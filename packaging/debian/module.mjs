// SPDX-License-Identifier: Apache-2.0
// The kernel module's package: its sources, which DKMS builds for each kernel of the machine.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../../tools/paths.mjs';

/** What `make` and DKMS need of kmod/. */
const BUILT_FROM = /^(Kbuild|Makefile|dkms\.conf|.*\.[ch])$/;

const COPYRIGHT = `License: GPL-2.0-only

On Debian systems the full text is in /usr/share/common-licenses/GPL-2.
`;

/**
 * @param {import('./stage.mjs').Stage} stage
 * @param {import('./packages.mjs').Package} wanted
 * @param {{ version: string }} options
 */
export function fillModule(stage, { name, sources, docs }, { version }) {
  const from = join(root, sources);
  const configuration = readFileSync(join(from, 'dkms.conf'), 'utf8');
  if (!configuration.includes(`PACKAGE_VERSION="${version}"`))
    throw new Error(`${sources}/dkms.conf is not of version ${version}: set PACKAGE_VERSION`);
  for (const file of readdirSync(from).filter((one) => BUILT_FROM.test(one)))
    stage.copy(join(from, file), `usr/src/undermesh-${version}/${file}`);
  stage.write('usr/lib/modules-load.d/undermesh.conf', 'undermesh\n');
  for (const path of docs) stage.copy(join(root, path), `usr/share/doc/${name}/${basename(path)}`);
  stage.write(`usr/share/doc/${name}/copyright`, COPYRIGHT);
}
