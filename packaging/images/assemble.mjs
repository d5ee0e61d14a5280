// SPDX-License-Identifier: Apache-2.0
// node packaging/images/assemble.mjs IMAGE DIRECTORY: collects what an image gets below /opt/undermesh from a built checkout:
// our programs, the eBPF objects with their manifest, npm packages of production; `bin/` has the programs by their names.
// No compiler, no npm, no network.
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { root } from '../../tools/paths.mjs';
import { filesOf } from '../tree.mjs';

/** The workspaces whose programs an image has, and what else it has of the checkout. */
export const images = {
  agent: { programs: ['apps/agent', 'apps/cli'], files: ['LICENSE'] },
  collector: { programs: ['apps/collector', 'apps/cli'], files: ['LICENSE', 'apps/web/out'] },
};

/**
 * Makes the directory.
 * @param {keyof typeof images} image
 * @param {string} directory a new or empty one
 */
export function assemble(image, directory) {
  if (existsSync(directory) && readdirSync(directory).length > 0)
    throw new Error(`${directory} is not empty: name a new one`);
  const { programs, files } = images[image];
  for (const { path, source } of programs.flatMap(filesOf)) copy(source, join(directory, path));
  for (const path of files) copy(join(root, path), join(directory, path));
  for (const program of programs) {
    const { bin } = JSON.parse(readFileSync(join(root, program, 'package.json'), 'utf8'));
    for (const [name, file] of Object.entries(bin)) {
      link(join(directory, 'bin', name), join(directory, program, file));
    }
  }
}

function copy(from, to) {
  if (!existsSync(from)) throw new Error(`${relative(root, from)} is not there: npm run build`);
  mkdirSync(dirname(to), { recursive: true });
  if (statSync(from).isFile()) copyFileSync(from, to, constants.COPYFILE_FICLONE);
  else for (const name of readdirSync(from)) copy(join(from, name), join(to, name));
}

function link(path, target) {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(relative(dirname(path), target), path);
}

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const [image, directory] = argv.slice(2);
  if (!(image in images) || directory === undefined) {
    process.stderr.write(`node packaging/images/assemble.mjs ${Object.keys(images).join('|')} DIRECTORY\n`);
    process.exit(2);
  }
  assemble(image, directory);
}
