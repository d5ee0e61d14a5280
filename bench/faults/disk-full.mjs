// SPDX-License-Identifier: Apache-2.0
// Disks fill up and are freed again: first the collector's, so that the store refuses, credits stop and frames wait at the
// agent; then the agent's own as well, so that what exceeds its memory is counted as lost. Both recover by themselves.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Disk } from './disk.mjs';
import { inShop, NODE } from './shop.mjs';

/** @param {{ name: string, seconds: number, perSecond: number, most?: number }} options `seconds` that each stays full */
export const diskFull = ({ name, seconds, perSecond, most }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    const disks = {};
    for (const [of, path, mib] of [
      ['collector', road.data, 512],
      ['agent', dirname(road.spool(NODE)), 64],
    ]) {
      mkdirSync(path, { recursive: true });
      disks[of] = new Disk(path, { name: of, state: road.state, mib });
      shop.defer(() => disks[of].remove());
    }
    await road.startCollector();
    await road.startAgent(NODE, { memoryBytes: 1 << 20 });
    await shop.open();
    const before = await shop.latency(most === undefined ? 2 : 10);

    const flow = shop.flow(perSecond);
    disks.collector.fill();
    await road.until('the store is full', async () => (await road.api('status')).store.state === 'full');
    await pause(seconds * 1000);
    const { records: held } = await road.api('status');
    findings.holds('while the collector’s disk is full, frames wait on the agent’s', await spooled(road));
    findings.equal('ends lost by it', Object.keys(held.lost).join() || 'none', 'none');

    disks.agent.fill();
    await road.until(
      'the agent loses ends',
      async () => (await road.agentMetric(NODE, 'ends_lost_total')) > 0,
    );
    await pause(seconds * 1000);
    disks.agent.free();
    await road.until(
      'frames are written again',
      async () => (await road.agentMetric(NODE, 'spool_refuses')) === 0,
    );
    await pause(seconds * 500);
    disks.collector.free();
    await road.until('the store is well', async () => (await road.api('status')).store.state === 'ok');
    const { latencyUs: during } = await flow.stop();
    // Memory that fills while the disk still hesitates is memory that was full.
    const records = await shop.judge({ reasons: ['spool_full', 'agent_memory'] });
    findings.holds(
      'what exceeded both disks is counted',
      records.lost.spool_full > 0,
      records.lost.spool_full ?? 0,
    );
    shop.judgeLatency({ before, during, most });
    await shop.judgeFiles(records);
  });

const spooled = async (road) => (await road.agentMetric(NODE, 'spool_frames')) > 0;
