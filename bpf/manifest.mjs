// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// node manifest.mjs CLANG OBJECT... -> dist/manifest.json, by which an agent knows the objects of one build:
//   abiVersion  of the structures that cross to user space; an agent loads only its own
//   compiler    what built them
//   source      SHA-256 of all that they were built from
//   objects     SHA-256 of each, by file name
// Nothing in it depends on when or where: equal sources and compilers make equal bytes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { argv } from 'node:process';

const [clang, ...objects] = argv.slice(2);

/** SHA-256 in hexadecimal of one text or file after the other. */
function hash(...parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}

const sources = [
  'Makefile',
  ...readdirSync('.').filter((name) => name.endsWith('.bpf.c')),
  ...readdirSync('include').map((name) => join('include', name)),
  ...['http1.h', 'http1_port.h', 'mailbox.h', 'request.h', 'router.bpf.h'].map((name) =>
    join('../kmod', name),
  ),
].sort();

const [, abiVersion] = /#define UNDERMESH_ABI_VERSION (\d+)/.exec(readFileSync('include/abi.h', 'utf8'));
const manifest = {
  abiVersion: Number(abiVersion),
  compiler: execFileSync(clang, ['--version'], { encoding: 'utf8' }).split('\n')[0],
  source: hash(...sources.flatMap((path) => [`${path}\0`, readFileSync(path), '\0'])),
  objects: Object.fromEntries(objects.sort().map((path) => [basename(path), hash(readFileSync(path))])),
};
writeFileSync('dist/manifest.json.part', `${JSON.stringify(manifest, null, 2)}\n`);
renameSync('dist/manifest.json.part', 'dist/manifest.json');
