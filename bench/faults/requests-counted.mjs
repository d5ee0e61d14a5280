// SPDX-License-Identifier: Apache-2.0
// Requests of HTTP through kills: of the agent while nothing is under way, as what it could not see nobody made, and of the
// collector while requests are being made. Each is counted at both ends, stored or counted as lost.
import { setTimeout as pause } from 'node:timers/promises';
import { inShop, NODE } from './shop.mjs';

/** @param {{ name: string, times: number, requests: number, perSecond: number }} options `requests` between two kills of the agent */
export const requestsCounted = ({ name, times, requests, perSecond }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    const collector = async () => road.towards(NODE, { maxBackoff: 100 });
    await road.startCollector();
    await road.startAgent(NODE, { collector: await collector() });
    await shop.openHttp();
    for (let i = 0; i < times; i += 1) {
      await shop.requestBurst(requests, { responseBytes: 500 });
      // Sooner and later than a frame is cut, written and acknowledged.
      await pause(((i * 7919) % 97) * 8);
      await road.killAgent(NODE);
      await road.startAgent(NODE, { collector: await collector() });
    }
    const acknowledged = () => road.agentMetric(NODE, 'ends_acknowledged_total');
    const flow = shop.requestFlow(perSecond);
    for (let i = 0; i < times; i += 1) {
      const before = await acknowledged();
      await road.until('an acknowledgement', async () => (await acknowledged()) > before);
      await pause(((i * 7919) % 97) * 15);
      await road.killCollector();
      await road.startCollector();
    }
    await flow.stop();
    findings.tell('kills of the agent, and of the collector', times);
    const records = await shop.judge({ reasons: ['agent_killed'] });
    await shop.judgeRequests({ reasons: ['agent_killed'] });
    await shop.judgeFiles(records);
  });
