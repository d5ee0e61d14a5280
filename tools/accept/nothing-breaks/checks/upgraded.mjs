// SPDX-License-Identifier: Apache-2.0
// Two releases whose maps differ take turns at a node under load, killed on their way in.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, BpfProgram, listMaps, listPrograms } from '@undermesh/libbpf-ts';
import { root } from '../../../paths.mjs';
import { openRecords, SOURCE } from '../../../testbed/records.mjs';
import { buildRelease } from '../../../testbed/release.mjs';
import { NODE } from './mesh-under-load.mjs';

const LIMITS = { services: 256, endpoints: 1024 };

/** What makes another release of bpf/include/abi_mesh.h: keys of a map of the engine have grown, and its values too. */
export const grown = (header) =>
  header
    .replace('__u32 slot; /* from 0 */', '__u32 slot; /* from 0 */\n\t__u32 added;')
    .replace(
      '__u32 other_endpoint_id;\n',
      '__u32 other_endpoint_id;\n\t__u32 first_added;\n\t__u32 last_added;\n',
    );

/**
 * A release replaced by another one and back while traffic runs. Every other pair of times the new release is killed at
 * each step of its migration by turns; else at moments of its start, whatever it is at.
 * @param {import('./mesh-under-load.mjs').MeshUnderLoad} mesh
 * @param {{ times: number, killsAtMs: number[], load: object, stallMs?: number }} options
 */
export async function upgraded(mesh, { times, killsAtMs, load, stallMs }) {
  const { road, findings } = mesh;
  const next = buildRelease(join(road.state, 'next'), grown);
  const settings = { mesh: { ...mesh.settings.mesh, limits: LIMITS } };
  await road.stopAgent(NODE);
  await mesh.startAgent(settings);
  const node = new Node(mesh);
  const before = await mesh.engine();
  const wrong = [];
  const kills = { steps: 0, moments: 0 };
  const result = await mesh.during(load, async () => {
    for (let i = 0; i < times; i += 1) {
      const release = i % 2 === 0 ? next : root;
      const former = node.inKernel();
      await road.killAgent(NODE);
      if (Math.floor(i / 2) % 2 === 0) kills.steps += await node.killAtSteps(release);
      else {
        kills.moments += killsAtMs.length;
        for (const afterMs of killsAtMs) {
          await road.startAndKillAgent(NODE, { ...mesh.settings, ...settings }, { afterMs, release });
        }
      }
      await mesh.startAgent(settings, { release });
      wrong.push(...(await node.problems({ former, before, release })).map((what) => `${i + 1}: ${what}`));
    }
  });
  findings.tell('releases replaced', times);
  findings.tell('killed between two steps of a migration', kills.steps);
  findings.tell('killed at moments of the start', kills.moments);
  findings.equal('found wrong after one of them', wrong.join('; ') || 'nothing', 'nothing');
  mesh.judge(result, { stallMs });
  const { records } = await road.settled(0); // what became of killed agents' ends is told by the last one
  const lost = records.lost.agent_killed ?? 0;
  findings.tell('ends lost with killed agents', lost);
  findings.equal('ends stored + these = made', records.stored + lost, records.made);
  await road.stopAgents();
  await road.stopCollector();
  await judgeIds(findings, road.records);
}

/** The node's engine in the kernel. */
class Node {
  #mesh;
  #directory;

  constructor(mesh) {
    this.#mesh = mesh;
    const own = join(mesh.road.testbed.pins, NODE);
    const abi = readdirSync(own).find((entry) => existsSync(join(own, entry, 'engine/current')));
    this.#directory = join(own, abi, 'engine');
  }

  /** Ids of what is pinned. */
  inKernel() {
    const current = join(this.#directory, 'current');
    const ids = (folder, kind) =>
      readdirSync(join(current, folder)).map((pin) => infoOf(kind, join(current, folder, pin)).id);
    return { maps: ids('maps', BpfMap), programs: ids('programs', BpfProgram) };
  }

  /** Installs a release, killed at its first step, at the second one of what is left then, and so on. */
  async killAtSteps(release) {
    const { road } = this.#mesh;
    const object = join(release, 'bpf/dist/dual_engine.bpf.o');
    for (let step = 1; ; step += 1) {
      const parameters = [road.testbed.pins, NODE, object, LIMITS.endpoints, step].map(String);
      const script = join(release, 'apps/agent/test/kernel/engine-install.mjs');
      const { code, stderr } = await road.testbed.run(process.execPath, [script, ...parameters]);
      if (code === 0) return step - 1;
      if (code !== null) throw new Error(`installing a release ended with ${code}: ${stderr}`);
    }
  }

  /** What is not as it ought to be once a release has taken over from a former one. */
  async problems({ former, before, release }) {
    const { road } = this.#mesh;
    const problems = [];
    await road
      .until('the engine is in force', async () => {
        const { state, observed, drift } = await this.#mesh.engine();
        return state === 'in-force' && observed === 'dual-engine' && drift.length === 0;
      })
      .catch(async () => problems.push(JSON.stringify(await this.#mesh.engine())));
    const { generation } = await this.#mesh.engine();
    if (generation !== before.generation) problems.push(`generation ${generation}`);
    if (readdirSync(this.#directory).sort().join() !== 'current,links') {
      problems.push(`pins: ${readdirSync(this.#directory)}`);
    }
    const { keySize, valueSize } = infoOf(BpfMap, join(this.#directory, 'current/maps/slots'));
    if ((keySize + valueSize === 24) !== (release === root))
      problems.push(`slots of ${keySize} + ${valueSize}`);
    problems.push(...(await this.#leftOver(former)));
    return problems;
  }

  /** Of the former release or of one that was killed. Programs and maps go a moment after their last user. */
  async #leftOver(former) {
    const look = () => {
      const { maps, programs } = this.inKernel();
      const { id: steerings } = infoOf(BpfMap, join(this.#directory, 'current/maps/steerings'));
      const now = listPrograms();
      const ours = now.filter(({ mapIds }) => mapIds.includes(steerings)).map(({ name }) => name);
      return [
        ...now.filter(({ id }) => former.programs.includes(id) && !programs.includes(id)),
        ...listMaps().filter(({ id }) => former.maps.includes(id) && !maps.includes(id)),
      ]
        .map(({ name }) => `${name} of the former release`)
        .concat(ours.filter((name, at) => ours.indexOf(name) !== at).map((name) => `${name} twice`));
    };
    const { road } = this.#mesh;
    await road.until('nothing is left over', () => look().length === 0, 10_000).catch(() => {});
    return look();
  }
}

function infoOf(kind, path) {
  const pinned = kind.openPinned(path);
  try {
    const { id, keySize, valueSize } = pinned;
    return { id, keySize, valueSize };
  } finally {
    pinned.close();
  }
}

/** A service has one number, whichever release steered to it. */
async function judgeIds(findings, directory) {
  const files = await openRecords(directory);
  try {
    const steered = `FROM ends WHERE reporter = ${SOURCE}`;
    const services = `SELECT original_address_0, original_address_8, count(DISTINCT service_id) AS ids ${steered} GROUP BY ALL`;
    findings.tell('source ends stored', await files.one(`SELECT count(*) ${steered}`));
    findings.equal(
      'of them without a service',
      await files.one(`SELECT count(*) ${steered} AND service_id = 0`),
      0,
    );
    findings.equal('services', await files.one(`SELECT count(*) FROM (${services})`), 2);
    findings.equal(
      'services with several numbers',
      await files.one(`SELECT count(*) FROM (${services}) WHERE ids <> 1`),
      0,
    );
  } finally {
    files.close();
  }
}
