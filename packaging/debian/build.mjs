// SPDX-License-Identifier: Apache-2.0
// Makes Debian packages of a built checkout: node packaging/debian/build.mjs [options] [NAME...]
//   --out DIR       where they go (default dist/debian below the checkout)
//   --revision N    of the package, after the version (default 1)
//   --with-node     carries the Node.js that runs this, for machines whose own is too old
// Equal trees give equal bytes: files bear the time SOURCE_DATE_EPOCH, or that of the last commit.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { environment, root } from '../../tools/paths.mjs';
import { filesOf } from '../tree.mjs';
import { manualPage } from './man.mjs';
import { fillModule } from './module.mjs';
import { packages } from './packages.mjs';
import { Stage } from './stage.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const run = (command, ...parameters) =>
  execFileSync(command, parameters, { cwd: root, encoding: 'utf8', env: environment });

/** The program in /usr/bin: the configuration is a file of its own, for agent and collector of one machine. */
function starter({ name, config, user }, { node, program }) {
  const lines = ['#!/bin/sh'];
  if (user) {
    lines.push(
      '# What it keeps belongs to its user.',
      `if [ "$(id -u)" = 0 ]; then exec runuser -u ${user} -- "$0" "$@"; fi`,
    );
  }
  if (config) {
    const file = `/etc/undermesh/${config}`;
    lines.push(
      `if [ -z "$UNDERMESH_CONFIG" ] && [ -e ${file} ]; then`,
      `\texport UNDERMESH_CONFIG=${file}`,
      'fi',
    );
  }
  return `${lines.join('\n')}\nexec ${node} /usr/lib/${name}/${program} "$@"\n`;
}

function fill(stage, wanted, { withNode }) {
  const { name, workspace, config, unit } = wanted;
  const library = `usr/lib/${name}`;
  for (const { path, source } of filesOf(workspace))
    stage.copy(source, join(library, path), modeOf(path, workspace));
  for (const directory of wanted.with ?? []) {
    for (const path of new Stage(join(root, directory)).files())
      stage.copy(join(root, directory, path), join(library, directory, path));
  }
  const node = withNode ? `/${library}/node` : 'node';
  if (withNode) stage.copy(execPath, join(library, 'node'), 0o755);
  const { bin } = JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8'));
  const program = join(workspace, bin[name]);
  stage.write(`usr/bin/${name}`, starter(wanted, { node, program }), 0o755);
  if (config) stage.copy(join(root, 'packaging/config', config), `etc/undermesh/${config}`);
  if (unit) stage.copy(join(root, 'packaging/systemd', unit), `lib/systemd/system/${unit}`);
  const doc = `usr/share/doc/${name}`;
  for (const path of wanted.docs) stage.copy(join(root, path), join(doc, basename(path)));
  for (const path of wanted.examples) stage.copy(join(root, path), join(doc, 'examples', basename(path)));
  stage.copy(join(root, 'LICENSE'), `${doc}/copyright`);
  const help = run(execPath, join(stage.directory, library, program), '--help');
  const see = [...(config ? [`/etc/undermesh/${config}`] : []), `/${doc}`];
  stage.write(
    `usr/share/man/man${wanted.section}/${name}.${wanted.section}.gz`,
    manualPage({ ...wanted, help, see }),
  );
}

/** Programs of the tree are run, all else is read. */
const modeOf = (path, workspace) => (path.startsWith(`${workspace}/bin/`) ? 0o755 : 0o644);

function describe(stage, wanted, { packageVersion, withNode, architecture, epoch }) {
  const { name, summary, description, recommends, config } = wanted;
  const depends =
    withNode && wanted.workspace
      ? [...wanted.depends.filter((one) => !one.startsWith('nodejs')), 'libc6', 'libstdc++6']
      : wanted.depends;
  const bytes = stage.files().reduce((sum, path) => sum + statSync(join(stage.directory, path)).size, 0);
  const changes = `${name} (${packageVersion}) unstable; urgency=medium\n\n  * Version ${version}.\n\n -- Undermesh <undermesh@localhost>  ${new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')}\n`;
  stage.write(`usr/share/doc/${name}/changelog.Debian.gz`, gzipSync(changes, { level: 9 }));
  const sums = stage.files().map(
    (path) =>
      `${createHash('md5')
        .update(readFileSync(join(stage.directory, path)))
        .digest('hex')}  ${path}\n`,
  );
  const control = [
    `Package: ${name}`,
    `Version: ${packageVersion}`,
    `Architecture: ${architecture}`,
    'Maintainer: Undermesh <undermesh@localhost>',
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    `Depends: ${[...new Set(depends)].join(', ')}`,
    ...(recommends.length > 0 ? [`Recommends: ${recommends.join(', ')}`] : []),
    'Section: net',
    'Priority: optional',
    `Description: ${summary}`,
    ...description.split('\n').map((line) => ` ${line}`),
  ];
  stage.write('DEBIAN/control', `${control.join('\n')}\n`);
  stage.write('DEBIAN/md5sums', sums.join(''));
  if (config) stage.write('DEBIAN/conffiles', `/etc/undermesh/${config}\n`);
  for (const script of ['postinst', 'prerm', 'postrm']) {
    const source = join(here, 'scripts', `${name}.${script}`);
    if (statSync(source, { throwIfNoEntry: false })) stage.copy(source, `DEBIAN/${script}`, 0o755);
  }
}

/**
 * Builds one package.
 * @param {import('./packages.mjs').Package} wanted
 * @param {{ out: string, revision: string, withNode: boolean, epoch: number }} options
 * @returns {string} its file
 */
export function buildPackage(wanted, { out, revision, withNode, epoch }) {
  const stage = new Stage(mkdtempSync(join(tmpdir(), 'undermesh-package-')));
  try {
    const { architecture = run('dpkg', '--print-architecture').trim() } = wanted;
    const packageVersion = `${version}-${revision}`;
    if (wanted.sources) fillModule(stage, wanted, { version });
    else fill(stage, wanted, { withNode });
    describe(stage, wanted, { packageVersion, withNode, architecture, epoch });
    stage.settle(epoch);
    mkdirSync(out, { recursive: true });
    const file = join(out, `${wanted.name}_${packageVersion}_${architecture}.deb`);
    execFileSync(
      'dpkg-deb',
      ['--root-owner-group', '-Zzstd', '-z9', '--threads-max=1', '--build', stage.directory, file],
      {
        env: { ...environment, SOURCE_DATE_EPOCH: String(epoch) },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    return file;
  } finally {
    rmSync(stage.directory, { recursive: true, force: true });
  }
}

/** The time that files of a package bear, s. */
export const epochOf = () =>
  Number(environment.SOURCE_DATE_EPOCH ?? run('git', 'log', '-1', '--format=%ct').trim());

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', default: join(root, 'dist/debian') },
      revision: { type: 'string', default: '1' },
      'with-node': { type: 'boolean', default: false },
    },
  });
  const { out, revision, 'with-node': withNode } = values;
  const unknown = positionals.filter((name) => !packages.some((one) => one.name === name));
  if (unknown.length > 0) {
    process.stderr.write(
      `There is no package ${unknown.join(', ')}: ${packages.map(({ name }) => name).join(', ')}.\n`,
    );
    process.exit(2);
  }
  for (const wanted of packages.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  )) {
    process.stdout.write(`${buildPackage(wanted, { out, revision, withNode, epoch: epochOf() })}\n`);
  }
}
