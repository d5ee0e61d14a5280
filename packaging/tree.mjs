// SPDX-License-Identifier: Apache-2.0
// What one program needs at run time, as a tree of files: its workspace, those it leans on, and the production packages of
// both, each where Node.js finds it. Nothing that is only for building, typing or testing.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { arch, platform } from 'node:process';
import { root } from '../tools/paths.mjs';

/** Of our own workspaces, and of what others publish: no types, no maps; of prebuilt binaries this machine's only. */
const OUR_FILES = /^(package\.json|LICENSE|README\.md|(bin|dist|out)\/.*)$/;
const NOT_NEEDED = /\.(d\.[cm]?ts|map|tsbuildinfo)$|(^|\/)test-support(\/|$)/;
const isForeign = (path) =>
  /(^|\/)prebuilds\//.test(path) && !path.includes(`prebuilds/${platform}-${arch}/`);

/**
 * @param {string} workspace path of a workspace below the checkout, e.g. `apps/agent`; it must be built
 * @returns {{ path: string, source: string }[]} files, by path in the tree, in the order of these
 */
export function filesOf(workspace) {
  const files = [];
  for (const [place, source] of packagesOf(workspace)) {
    const own = !relative(root, source).split('/').includes('node_modules');
    for (const path of filesBelow(source)) {
      if (NOT_NEEDED.test(path) || isForeign(path) || (own && !OUR_FILES.test(path))) continue;
      files.push({ path: join(place, path), source: join(source, path) });
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Directories of packages by their place in the tree: a workspace is as if it had been installed from elsewhere. */
function packagesOf(workspace) {
  const found = new Map();
  const places = new Map([[root, '']]);
  const visit = (place, source) => {
    if (found.has(place)) return;
    found.set(place, source);
    places.set(source, place);
    const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
      readFileSync(join(source, 'package.json'), 'utf8'),
    );
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const above = directoryThatHas(name, source);
      if (above !== undefined) {
        visit(join(places.get(above), 'node_modules', name), realpathSync(join(above, 'node_modules', name)));
      } else if (name in (dependencies ?? {})) {
        throw new Error(`${source} needs ${name}, which is not installed: npm ci`);
      }
    }
  };
  visit(workspace, join(root, workspace));
  return found;
}

/** As Node.js looks: in `node_modules` beside a package, and beside each directory above. */
function directoryThatHas(name, source) {
  for (let at = source; at.startsWith(root); at = dirname(at)) {
    if (existsSync(join(at, 'node_modules', name))) return at;
  }
  return undefined;
}

/** Files of a package without those of packages below it. */
function filesBelow(directory, below = '') {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(directory, path);
    return entry.isFile() ? [path] : [];
  });
}
