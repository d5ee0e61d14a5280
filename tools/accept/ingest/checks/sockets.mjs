// SPDX-License-Identifier: Apache-2.0
// A real collector with its store on disk, over real sockets: hostile agents of every kind at once, a neighbour and an
// onlooker beside them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { collectable, MemoryWatch } from '../../../testbed/memory.mjs';
import { samples } from '../../../testbed/metrics.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from '../../road/checks/findings.mjs';
import { hello } from '../../road/checks/hostile-frames.mjs';
import { judgeCodes, judgeLog, judgeMemory } from './judgement.mjs';
import { Neighbour } from './neighbour.mjs';
import { Onlooker } from './onlooker.mjs';
import { beRude, rudeness } from './rudeness.mjs';

const program = fileURLToPath(new URL('sender-process.mjs', import.meta.url));
const AGENTS = 8;
const RUDE_AGENTS = 4;
const COLLECT_EVERY_MS = 8000;
const limits = { edges: 5_000, openEnds: 20_000, joins: 20_000, cells: 200_000, addresses: 200 };

/**
 * @param {{ name: string, frames: number, rounds: number, seed: number, mostMib: number }} options `rounds` of every
 *   rudeness; `mostMib`: by how much memory may still grow in the second half
 */
export async function sockets({ name, frames, rounds, seed, mostMib }) {
  const findings = new Findings();
  const road = await Road.create(name);
  let watch;
  const parts = [];
  try {
    await road.startCollector({
      config: { limits, ingest: { helloTimeoutMs: 2000 }, store: { retentionSeconds: 240 } },
      env: collectable,
    });
    const agent = async (node) => ({
      node,
      credential: readFileSync(await road.credential(node), 'utf8').trim(),
    });
    const all = (count, of) => Promise.all(Array.from({ length: count }, (_, at) => agent(`${of}-${at}`)));
    const [neighbourly, agents, rude] = [
      await agent('neighbour'),
      await all(AGENTS, 'mallory'),
      await all(RUDE_AGENTS, 'rude'),
    ];
    const neighbour = new Neighbour({ url: road.url, credential: neighbourly.credential });
    await neighbour.start();
    const onlooker = new Onlooker(road.url);
    watch = new MemoryWatch(road.collectorPid);
    const began = performance.now();

    const url = `${road.url.replace('http', 'ws')}/ingest/v1`;
    const child = fork(program, [JSON.stringify({ url, frames, seed, agents })], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = once(child, 'exit');
    const [[sent], counted] = await Promise.all([
      Promise.race([
        once(child, 'message'),
        ended.then(([code]) => Promise.reject(new Error(`the sender ended with ${code}`))),
      ]),
      rudely(road, rude, rounds),
      collectUntil(ended, async () => {
        await watch.collect();
        parts.push(await memoryParts(road));
      }),
    ]);
    const seconds = (performance.now() - began) / 1000;
    watch.stop();
    await onlooker.stop();
    await neighbour.stop();
    await pause(2500); // the last of those who are cut off

    findings.tell('seed', seed);
    findings.holds(`frames sent over WebSockets, ${frames} or more`, sent.sent >= frames, sent.sent);
    findings.tell('of these perhaps unread, behind a frame that took all credits', sent.behind);
    findings.tell('seconds', Math.round(seconds));
    findings.tell('connections, eight at a time', sent.connections);
    const rejected = await rejections(road);
    for (const [code, count] of Object.entries(counted)) {
      findings.holds(
        `rudeness counted as ${code}, ${count} times`,
        rejected[code] >= count,
        rejected[code] ?? 0,
      );
      rejected[code] -= count;
      if (rejected[code] === 0) delete rejected[code];
    }
    judgeCodes(findings, { told: sent.told, rejected });
    findings.tell('connections that gave no cause', sent.untold);
    findings.equal('answered "internal"', rejected.internal ?? 0, 0);
    onlooker.judge(findings);
    await neighbour.judge(findings, road.url);
    judgeMemory(findings, { watch, mostMib });
    findings.tell('of that: V8, its buffers, the store’s database', parts.join('; '));
    await neighbour.close();
    await road.stopCollector();
    judgeLog(findings, road.log('collector'));
  } finally {
    watch?.stop();
    await road.destroy();
  }
  return findings.result;
}

/** Has the collector collect its garbage now and then, until the sender has ended. */
async function collectUntil(ended, collect) {
  let over = false;
  void ended.then(() => (over = true));
  while (!over) {
    await Promise.race([ended, pause(COLLECT_EVERY_MS)]);
    await collect();
  }
}

/** What the collector says of its own memory. */
async function memoryParts(road) {
  const metrics = await road.metrics();
  const names = [
    'nodejs_heap_size_total_bytes',
    'nodejs_external_memory_bytes',
    'undermesh_store_memory_bytes',
  ];
  const bytes = names.map((name) => samples(metrics, name, {})[0]?.value ?? Number.NaN);
  return bytes.map((value) => `${(value / (1 << 20)).toFixed(0)} MiB`).join(', ');
}

/** Is rude in every way, again and again. @returns {Promise<Record<string, number>>} what should be counted, by code */
async function rudely(road, agents, rounds) {
  const counted = {};
  const left = Object.keys(rudeness).flatMap((sort) => Array.from({ length: rounds }, () => sort));
  await Promise.all(
    agents.map(async ({ node, credential }) => {
      for (let sort = left.pop(); sort !== undefined; sort = left.pop()) {
        await beRude(sort, { url: road.url, credential, hello: hello(node) });
        const { counted: code } = rudeness[sort];
        if (code !== null) counted[code] = (counted[code] ?? 0) + 1;
      }
    }),
  );
  return counted;
}

/** What the collector refused so far, by code. */
async function rejections(road) {
  const counted = samples(await road.metrics(), 'undermesh_ingest_rejected_total', {});
  return Object.fromEntries(counted.map(({ labels, value }) => [labels.code, value]));
}
