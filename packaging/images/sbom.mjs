// SPDX-License-Identifier: Apache-2.0
// node packaging/images/sbom.mjs NAME ROOT: what is in the root of an image, as CycloneDX 1.5 in JSON on standard output:
// packages of Debian and npm, Node.js, eBPF objects with their hashes. Read from the root, not from what was asked for; the
// same root makes the same text.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { debianPackages, npmPackages, PRODUCT } from './packages.mjs';

const OBJECTS = join(PRODUCT, 'node_modules/@undermesh/bpf/dist');

/** Purls: https://github.com/package-url/purl-spec */
const component = (type, purl, fields) => ({ type, 'bom-ref': purl, ...fields, purl });

/**
 * The bill of materials of an image.
 * @param {string} name of the image
 * @param {string} root directory
 */
export function billOfMaterials(name, root) {
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'container', 'bom-ref': name, name } },
    components: [...debian(root), nodeJs(root), ...npm(root), ...objects(root)],
  };
}

function debian(root) {
  const [, release] = /^VERSION_ID="?(\d+)/m.exec(readFileSync(join(root, 'etc/os-release'), 'utf8'));
  return debianPackages(root).map(({ name, version, architecture }) => {
    const place = `arch=${architecture}&distro=debian-${release}`;
    const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${place}`;
    return component('library', purl, { name, version });
  });
}

function nodeJs(root) {
  const version = execFileSync(join(root, 'usr/local/bin/node'), ['--version'], { encoding: 'utf8' }).trim();
  return component('platform', `pkg:generic/node@${version.slice(1)}`, {
    name: 'node',
    version: version.slice(1),
  });
}

function npm(root) {
  return npmPackages(root).map(({ name, version, license }) => {
    const purl = `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`;
    const licenses = license === undefined ? {} : { licenses: [licenseOf(license)] };
    return component('library', purl, { name, version, ...licenses });
  });
}

const EXPRESSION = /^\(?[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*\)?$/;
const licenseOf = (text) => (EXPRESSION.test(text) ? { expression: text } : { license: { name: text } });

function objects(root) {
  const path = join(root, OBJECTS, 'manifest.json');
  if (!existsSync(path)) return [];
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  return Object.entries(manifest.objects).map(([name, content]) => ({
    type: 'file',
    'bom-ref': join(OBJECTS, name),
    name: join('/', OBJECTS, name),
    hashes: [{ alg: 'SHA-256', content }],
    properties: [
      { name: 'undermesh:compiler', value: manifest.compiler },
      { name: 'undermesh:source-sha256', value: manifest.source },
    ],
  }));
}

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const [name, root] = argv.slice(2);
  if (root === undefined || !existsSync(join(root, PRODUCT))) {
    process.stderr.write(`node packaging/images/sbom.mjs NAME ROOT, with ${PRODUCT} in ROOT\n`);
    process.exit(2);
  }
  process.stdout.write(`${JSON.stringify(billOfMaterials(name, root), null, 2)}\n`);
}
