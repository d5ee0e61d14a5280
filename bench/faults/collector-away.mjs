// SPDX-License-Identifier: Apache-2.0
// The collector is away for minutes while connections go on: frames wait in memory, then on disk; when it is back they all
// arrive.
import { setTimeout as pause } from 'node:timers/promises';
import { inShop, NODE } from './shop.mjs';

/**
 * @param {{ name: string, seconds: number, perSecond: number, most?: number }} options `seconds` of absence
 */
export const collectorAway = ({ name, seconds, perSecond, most }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    await road.startCollector();
    await road.startAgent(NODE, { memoryBytes: 1 << 20 });
    await shop.open();
    const before = await shop.latency(most === undefined ? 2 : 10);
    await road.stopCollector();
    const flow = shop.flow(perSecond);
    await pause(seconds * 1000);
    const frames = await road.agentMetric(NODE, 'spool_frames');
    const memory = await road.agentMetric(NODE, 'backlog_bytes');
    findings.holds('frames wait on disk', frames > 0, frames);
    findings.holds('memory stays within its bound of 1 MiB', memory <= 1 << 20, memory);
    findings.tell('bytes on disk', await road.agentMetric(NODE, 'spool_bytes'));
    await road.startCollector();
    const { latencyUs: during } = await flow.stop();
    findings.tell('seconds without a collector', seconds);
    const records = await shop.judge();
    shop.judgeLatency({ before, during, most });
    findings.equal('frames left on disk', await road.agentMetricOnceIs(NODE, 'spool_frames', 0), 0);
    await shop.judgeFiles(records);
  });
