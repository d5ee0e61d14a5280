// SPDX-License-Identifier: Apache-2.0
// Mode control from an operator's order to the kernel and back: with the collector and the agent as processes, the kernel
// as it is, and a client that has no other way to its service than the engine.
import { readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BpfLink, BpfMap } from '@undermesh/libbpf-ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroup2Mount } from '../testbed/cgroups.mjs';
import { startService, VIRTUAL } from '../testbed/one-service.mjs';
import { Road } from '../testbed/road.mjs';
import { sweep } from '../testbed/testbed.mjs';

const NODE = 'left';
const SWITCHES = 20;
const timeout = 300_000;

let road;
let namespace;
let settings;

beforeAll(async () => {
  road = await Road.create(`undermesh-test-engines-${process.pid}`);
  const service = startService(road, NODE);
  namespace = service.namespace;
  const cgroup = `/${relative(cgroup2Mount(), road.testbed.cgroup(NODE))}`;
  settings = { mesh: { manifests: service.manifests, enrol: [cgroup] } };
  await road.startCollector();
  await road.startAgent(NODE, settings);
  await inForce('off', 0);
}, timeout);

afterAll(async () => {
  await road?.uninstall(NODE);
  await road?.destroy();
  await sweep('undermesh-test-engines');
}, timeout);

const engine = async () => (await road.api(`nodes/${NODE}`)).engine;
const order = (wanted, reason = 'tested') => road.put(`nodes/${NODE}/engine`, { engine: wanted, reason });
const inForce = (wanted, generation) =>
  road.until(`${wanted} is in force`, async () => {
    const now = await engine();
    return now.state === 'in-force' && now.observed === wanted && now.generation === generation;
  });
const told = async (kind) => (await road.api(`changes?window=3600&kind=${kind}`)).items;

/** What a client of the node gets from the virtual address. */
async function called() {
  const { testbed } = road;
  const place = { namespace, cgroup: testbed.cgroup(`${NODE}/shop/client`) };
  const { code, stdout } = await testbed.run('curl', ['-sS', '-m', '5', `http://${VIRTUAL}/`], place);
  return code === 0 ? stdout : code;
}

describe('an order', () => {
  it(
    'has the kernel steer, and stop steering',
    async () => {
      expect(await called()).not.toBe('served');
      await order('dual-engine');
      await inForce('dual-engine', 1);
      expect(await called()).toBe('served');
      await order('off');
      await inForce('off', 2);
      expect(await called()).not.toBe('served');
      expect((await told('engine_set')).map(({ before, after }) => `${before} to ${after}`)).toEqual([
        'dual-engine to off',
        'off to dual-engine',
      ]);
    },
    timeout,
  );

  it(
    `takes a moment, ${SWITCHES} times over`,
    async () => {
      const took = [];
      for (let i = 0; i < SWITCHES; i += 1) {
        const wanted = i % 2 === 0 ? 'dual-engine' : 'off';
        const { generation } = await order(wanted);
        await inForce(wanted, generation);
        took.push((await engine()).switchMs);
      }
      took.sort((a, b) => a - b);
      process.stdout.write(
        `from the order to the readback: p50 ${took[SWITCHES / 2]} ms, worst ${took.at(-1)} ms\n`,
      );
      const counted = await road.metric('undermesh_engine_switch_seconds_count');
      expect(counted).toBe(SWITCHES + 2);
    },
    timeout,
  );
});

describe('the engine', () => {
  it(
    'outlives agent and collector, and is what both find',
    async () => {
      const { generation } = await order('dual-engine');
      await inForce('dual-engine', generation);
      await road.killCollector();
      await road.killAgent(NODE);
      expect(await called()).toBe('served');
      await road.startAgent(NODE, settings, { line: 'metrics are served' });
      expect(await called()).toBe('served');
      await road.startCollector();
      await inForce('dual-engine', generation);
      expect(await told('engine_adopted')).toEqual([]);
    },
    timeout,
  );

  it(
    'is what a collector that lost its state takes for what is desired',
    async () => {
      const { generation } = await engine();
      await road.killCollector();
      for (const file of readdirSync(road.data)) {
        if (file.startsWith('change-log')) rmSync(join(road.data, file));
      }
      await road.startCollector();
      await inForce('dual-engine', generation);
      expect(await engine()).toMatchObject({ who: 'collector', setBy: 'api' });
      expect(await called()).toBe('served');
      const adopted = await told('engine_adopted');
      expect(adopted).toMatchObject([{ after: 'dual-engine', order: { generation } }]);
      await order('off');
      await inForce('off', generation + 1);
      await order('dual-engine');
      await inForce('dual-engine', generation + 2);
    },
    timeout,
  );

  /** Does something behind the agent's back; resolves with the lines that tell of it, which must come within 5 s. */
  async function tampered(work) {
    const before = (await told('engine_drifted'))[0]?.number ?? 0;
    work();
    const news = async (kind) => (await told(kind)).filter(({ number }) => number > before);
    for (let i = 0; i < 50; i += 1) {
      const [drifted, mended] = [await news('engine_drifted'), await news('engine_mended')];
      if (drifted.length > 0 && mended.length > 0) return drifted.map(({ detail }) => detail).join('\n');
      await pause(100);
    }
    throw new Error(`nothing was told within 5 s: ${JSON.stringify(await engine())}`);
  }
  const pins = () => {
    const files = readdirSync(road.testbed.pins, { recursive: true, withFileTypes: true });
    return files
      .filter((file) => file.isFile())
      .map(({ parentPath, path, name }) => join(parentPath ?? path, name));
  };
  const pin = (name) => pins().find((path) => path.endsWith(name));

  it(
    'is put right within 5 s when somebody else writes it, and that is told',
    async () => {
      const detail = await tampered(() => {
        const state = BpfMap.openPinned(pin('/engine_state'));
        state.update(new Uint8Array(4), new Uint8Array(8));
        state.close();
      });
      expect(detail).toContain('somebody else put off, generation 0 in force');
      await inForce('dual-engine', (await engine()).generation);
      expect(await called()).toBe('served');
    },
    timeout,
  );

  it(
    'is put right within 5 s when a link is detached, and that is told',
    async () => {
      const detail = await tampered(() => {
        const link = BpfLink.openPinned(pin('-steer_connect4'));
        link.detach();
        link.close();
      });
      expect(detail).toContain('steer_connect4');
      expect(await called()).toBe('served');
    },
    timeout,
  );
});
