// SPDX-License-Identifier: Apache-2.0
// The collector's disk stands still for seconds: every write and sync on its file system waits. Agents wait and spool,
// applications notice nothing.
import { setTimeout as pause } from 'node:timers/promises';
import { Disk } from './disk.mjs';
import { inShop, NODE } from './shop.mjs';

/** @param {{ name: string, seconds: number, perSecond: number, most?: number }} options `seconds` of standstill */
export const storeSlow = ({ name, seconds, perSecond, most }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    const disk = new Disk(road.data, { name: 'collector', state: road.state, mib: 1024 });
    shop.defer(() => disk.remove());
    await road.startCollector({ config: { ingest: { credits: 4 } } });
    await road.startAgent(NODE);
    await shop.open();
    const before = await shop.latency(most === undefined ? 2 : 10);
    const flow = shop.flow(perSecond);
    await pause(1000);
    disk.freeze();
    const asked = performance.now();
    await pause(seconds * 500);
    const { records: held } = await road.api('status');
    findings.holds('the collector answers meanwhile', performance.now() - asked < seconds * 1000);
    findings.holds('ends wait', held.waiting > 0, held.waiting);
    await pause(seconds * 500);
    findings.holds('frames wait on the agent’s disk', (await road.agentMetric(NODE, 'spool_frames')) > 0);
    disk.thaw();
    const { latencyUs: during } = await flow.stop();
    findings.tell('seconds of standstill', seconds);
    const records = await shop.judge();
    shop.judgeLatency({ before, during, most });
    await shop.judgeFiles(records);
  });
