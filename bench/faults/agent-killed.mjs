// SPDX-License-Identifier: Apache-2.0
// The agent dies by SIGKILL, again and again, with records in the ring, in its memory and on their way. No connection is
// under way while it is dead: what it could not see, nobody made.
import { inShop, NODE } from './shop.mjs';

/** @param {{ name: string, times: number, connections: number }} options connections between two kills */
export const agentKilled = ({ name, times, connections }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    await road.startCollector();
    await road.startAgent(NODE);
    await shop.open();
    for (let i = 0; i < times; i += 1) {
      await shop.burst(connections);
      // Sooner and later than a frame is cut, written and acknowledged.
      await new Promise((resolve) => setTimeout(resolve, ((i * 7919) % 97) * 8));
      await road.killAgent(NODE);
      await road.startAgent(NODE);
    }
    await shop.burst(connections);
    findings.tell('kills', times);
    const records = await shop.judge({ reasons: ['agent_killed'] });
    await shop.judgeFiles(records);
  });
