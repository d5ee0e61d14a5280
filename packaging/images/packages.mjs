// SPDX-License-Identifier: Apache-2.0
// Which packages are in the root of an image, read from the root itself.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where our programs are in an image. */
export const PRODUCT = 'opt/undermesh';

/** Packages of Debian. @returns {{ name: string, version: string, architecture: string }[]} in the order of names */
export function debianPackages(root) {
  const format = ['Package', 'Version', 'Architecture'].map((field) => `\${${field}}`).join(' ');
  const parameters = [`--admindir=${join(root, 'var/lib/dpkg')}`, '--show', `--showformat=${format}\\n`];
  const text = execFileSync('dpkg-query', parameters, { encoding: 'utf8' });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name, version, architecture]) => ({ name, version, architecture }));
}

/** Packages of npm, ours among them, each version once. @returns {{ name: string, version: string, license?: string }[]} */
export function npmPackages(root) {
  const product = join(root, PRODUCT);
  const programs = readdirSync(join(product, 'apps')).map((name) => join(product, 'apps', name));
  const found = [product, ...programs].flatMap(packagesBelow);
  const own = programs.filter(isPackage).map(describe);
  const byId = new Map([...own, ...found].map((one) => [`${one.name}@${one.version}`, one]));
  return [...byId.keys()].sort().map((id) => byId.get(id));
}

const isPackage = (directory) => existsSync(join(directory, 'package.json'));

function describe(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  return { name, version, license: typeof license === 'object' ? license?.type : license };
}

function packagesBelow(directory) {
  const modules = join(directory, 'node_modules');
  if (!existsSync(modules)) return [];
  return readdirSync(modules)
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((one) => join(name, one)) : [name],
    )
    .map((name) => join(modules, name))
    .flatMap((one) => [...(isPackage(one) ? [describe(one)] : []), ...packagesBelow(one)]);
}
