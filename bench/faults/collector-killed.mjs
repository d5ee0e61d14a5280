// SPDX-License-Identifier: Apache-2.0
// The collector dies by SIGKILL while it writes, and with it the power of its disk: what was not synced is gone when it
// comes back. Connections go on being made meanwhile. Nothing may be lost: not what was acknowledged, as the store has it,
// nor what was not, as the agent still has it.
import { setTimeout as pause } from 'node:timers/promises';
import { Disk } from './disk.mjs';
import { inShop, NODE } from './shop.mjs';

/** @param {{ name: string, times: number, perSecond: number, most?: number }} options `most`: see `judgeLatency` */
export const collectorKilled = ({ name, times, perSecond, most }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    const disk = new Disk(road.data, { name: 'collector', state: road.state, mib: 2048 });
    shop.defer(() => disk.remove());
    await road.startCollector();
    await road.startAgent(NODE, { collector: await road.towards(NODE, { maxBackoff: 100 }) });
    await shop.open();
    const before = await shop.latency(most === undefined ? 2 : 10);
    const acknowledged = () => road.agentMetric(NODE, 'ends_acknowledged_total');
    let durable = 0;
    const flow = shop.flow(perSecond);
    for (let i = 0; i < times; i += 1) {
      // It has acknowledged something, and writes more.
      await road.until('an acknowledgement', async () => (await acknowledged()) > durable);
      await pause(((i * 7919) % 97) * 15);
      durable = await acknowledged();
      disk.cut();
      await road.killCollector();
      disk.restore();
      await road.startCollector();
    }
    const { latencyUs: during } = await flow.stop();
    findings.tell('kills, each with the power of the disk', times);
    findings.tell('ends acknowledged before the last kill', durable);
    const records = await shop.judge();
    shop.judgeLatency({ before, during, most });
    await shop.judgeFiles(records);
  });
