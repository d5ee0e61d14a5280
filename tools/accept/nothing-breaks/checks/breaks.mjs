// SPDX-License-Identifier: Apache-2.0
// What happens to the mesh under load, and what must be seen of it.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bpffsMount } from '../../../testbed/cgroups.mjs';
import { NODE } from './mesh-under-load.mjs';

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/**
 * Engines switched while traffic runs, to others in turn and back.
 * @param {import('./mesh-under-load.mjs').MeshUnderLoad} mesh
 * @param {{ times: number, load: object, others?: string[], stallMs?: number, switchMs?: number }} options
 */
export async function switched(mesh, { times, load, others = ['off'], stallMs, switchMs }) {
  mesh.translateToo(true);
  const took = [];
  const result = await mesh.during(load, async () => {
    for (let i = 0; i < times; i += 1) {
      took.push(await mesh.order(i % 2 === 0 ? others[(i / 2) % others.length] : mesh.engineName));
      await pause(100);
    }
  });
  took.sort((a, b) => a - b);
  const p99 = quantile(took, 0.99);
  mesh.findings.tell('switches', times);
  const shown = `p50 ${quantile(took, 0.5).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
  if (switchMs === undefined) mesh.findings.tell('from the order to what is read back', shown);
  else
    mesh.findings.holds(
      `from the order to what is read back, p99 within ${switchMs} ms`,
      p99 <= switchMs,
      shown,
    );
  mesh.judge(result, { stallMs });
  const { generation } = await mesh.engine();
  mesh.findings.equal('generation in force', generation, times);
  mesh.translateToo(false);
}

/**
 * The agent killed and restarted while traffic runs; nothing stands in for its engine.
 * @param {import('./mesh-under-load.mjs').MeshUnderLoad} mesh
 * @param {{ kills: number, restarts: number, load: object, stallMs?: number }} options
 */
export async function restarted(mesh, { kills, restarts, load, stallMs }) {
  const { road } = mesh;
  const result = await mesh.during(load, async () => {
    for (let i = 0; i < kills; i += 1) {
      await road.killAgent(NODE);
      await mesh.startAgent();
    }
    for (let i = 0; i < restarts; i += 1) {
      await road.stopAgent(NODE);
      await mesh.startAgent();
    }
  });
  mesh.findings.tell('agent killed', kills);
  mesh.findings.tell('agent stopped and started', restarts);
  mesh.judge(result, { stallMs });
}

/**
 * The collector gone for a while, again and again.
 * @param {import('./mesh-under-load.mjs').MeshUnderLoad} mesh
 * @param {{ times: number, seconds: number, load: object, stallMs?: number }} options
 */
export async function collectorGone(mesh, { times, seconds, load, stallMs }) {
  const { road } = mesh;
  const result = await mesh.during(load, async () => {
    for (let i = 0; i < times; i += 1) {
      await road.killCollector();
      await pause(seconds * 1000);
      await road.startCollector();
    }
  });
  mesh.findings.tell('collector killed', times);
  mesh.judge(result, { stallMs });
  await road.until('the engine is told of again', async () => (await mesh.engine()).state === 'in-force');
}

/**
 * The same watch over a mesh whose guard is broken on purpose: the pins are removed while the agent is dead. It must say so.
 * @param {import('./mesh-under-load.mjs').MeshUnderLoad} mesh
 * @param {{ load: object }} options
 */
export async function guardBroken(mesh, { load }) {
  const { probes } = await mesh.during(load, async () => {
    await mesh.road.killAgent(NODE);
    rmSync(join(bpffsMount(), mesh.road.testbed.name), { recursive: true, force: true });
    await pause(1000);
    await mesh.startAgent();
  });
  const failed = Object.values(probes.failed).reduce((sum, count) => sum + count, 0);
  const unanswered = probes.made - probes.done - failed;
  mesh.findings.holds(
    'probes that were not steered are reported',
    failed + unanswered > 0,
    `${failed} failed, ${unanswered} unanswered, of ${probes.made}`,
  );
}
