// SPDX-License-Identifier: Apache-2.0
// The life of the packages on a machine with systemd, and what must be seen of it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, listPrograms } from '@undermesh/libbpf-ts';
import { AGENT } from './unit-road.mjs';

/** Below these, whatever belongs to the packages. */
const PLACES = [
  '/etc/undermesh',
  '/var/lib/undermesh',
  '/run/undermesh',
  '/sys/fs/bpf',
  '/usr/lib/undermesh-agent',
  '/usr/lib/undermesh-collector',
  '/usr/bin',
  '/lib/systemd/system',
  '/etc/systemd/system',
  '/usr/share/doc/undermesh-agent',
  '/usr/share/doc/undermesh-collector',
  '/usr/share/man/man8',
];

/**
 * Services killed, restarted and upgraded while traffic runs; then removed.
 * @param {import('../../nothing-breaks/checks/mesh-under-load.mjs').MeshUnderLoad} mesh on a UnitRoad
 * @param {{ times: number, next: string[], load: object, stallMs?: number }} options `next`: packages of the next build
 */
export async function livedThrough(mesh, { times, next, load, stallMs }) {
  const { road, findings } = mesh;
  const { machine } = road;
  const before = (await mesh.engine()).generation;
  const restarts = () => machine.property(AGENT, 'NRestarts').then(Number);
  const result = await mesh.during(load, async () => {
    for (let i = 0; i < times; i += 1) {
      for (const unit of road.units) {
        await road.replaced(unit, () =>
          machine.run('systemctl', 'kill', '--signal=SIGKILL', '--kill-whom=main', unit),
        );
      }
    }
    findings.equal('times that systemd started a killed agent again', await restarts(), times);
    for (let i = 0; i < times; i += 1) {
      for (const unit of road.units) {
        await road.replaced(unit, () => machine.run('systemctl', 'restart', unit));
      }
    }
    for (const file of next) {
      const unit = road.units.find((name) => file.includes(`/${name}_`));
      await road.replaced(unit, () => road.install(file));
    }
  });
  findings.tell('each service killed, then restarted', times);
  findings.tell('packages upgraded', next.length);
  findings.equal('version of the agent', await versionOf(machine, AGENT), versionIn(next, AGENT));
  mesh.judge(result, { stallMs });
  await road.until('the engine is in force', async () => (await mesh.engine()).state === 'in-force');
  findings.equal('generation in force', (await mesh.engine()).generation, before);
}

const versionOf = async (machine, name) => (await machine.run('dpkg-query', '--show', name)).split(/\s/)[1];

/** What a package's file is called after. */
const versionIn = (files, name) =>
  new RegExp(`/${name}_([^_]+)_`).exec(files.find((file) => file.includes(`/${name}_`)))[1];

/** Removal takes all out of the kernel, and purging leaves no file. @param {{ pristine: string[] }} options from {@link look} */
export async function removed(mesh, { pristine }) {
  const { findings } = mesh;
  const { machine } = mesh.road;
  const maps = pinnedMaps(join(machine.root, 'sys/fs/bpf'));
  const programs = () => listPrograms().filter(({ mapIds }) => mapIds.some((id) => maps.includes(id)));
  const ids = programs().map(({ id }) => id);
  findings.holds('programs that work on what is pinned', ids.length > 0, ids.length);
  const { stdout, stderr } = await machine.try('dpkg', '--remove', '--no-triggers', AGENT);
  const said = /attachments of programs/.test(stdout);
  findings.holds('removal says what it takes out', said, said ? '' : `${stdout}${stderr}`);
  const left = () => listPrograms().filter(({ id }) => ids.includes(id));
  await mesh.road.until('programs are gone', () => left().length === 0, 10_000).catch(() => {});
  findings.equal(
    'of them left by removal',
    left()
      .map(({ name }) => name)
      .join(', ') || 'none',
    'none',
  );
  const pins = await machine.run('find', '/sys/fs/bpf', '-mindepth', '1', '!', '-name', '*.debug'); // the kernel's own
  findings.equal('pins left by removal', pins.trim() || 'none', 'none');
  const kept = await machine.run('find', '/var/lib/undermesh', '-maxdepth', '1', '-name', '*.credential');
  findings.equal('what is kept for another installation', kept.trim(), '/var/lib/undermesh/agent.credential');
  await machine.run('dpkg', '--purge', '--no-triggers', ...mesh.road.units);
  const more = (await look(machine)).filter((path) => !pristine.includes(path));
  findings.equal('files left by purging', more.join(' ') || 'none', 'none');
  const user = await machine.try('getent', 'passwd', 'undermesh');
  findings.equal('user left by purging', user.stdout.trim() || 'none', 'none');
}

/** Files and directories of a machine where packages put theirs. @param {import('../../../testbed/machine.mjs').Machine} machine */
export async function look(machine) {
  const { stdout } = await machine.try('find', ...PLACES); // some are not there
  return stdout.split('\n').filter(Boolean);
}

/** Ids of maps that are pinned below a directory. */
function pinnedMaps(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .flatMap(({ parentPath, name }) => {
      try {
        const map = BpfMap.openPinned(join(parentPath, name));
        const { id } = map;
        map.close();
        return [id];
      } catch {
        return []; // a program, a link
      }
    });
}
