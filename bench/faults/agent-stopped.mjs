// SPDX-License-Identifier: Apache-2.0
// The agent is stopped in good order while the collector is away: all that it holds goes to disk, and the next run sends it.
import { inShop, NODE } from './shop.mjs';

/** @param {{ name: string, times: number, connections: number }} options connections before each stop */
export const agentStopped = ({ name, times, connections }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    await road.startCollector();
    await road.startAgent(NODE);
    await shop.open();
    await shop.burst(connections);
    await road.stopCollector();
    for (let i = 0; i < times; i += 1) {
      await shop.burst(connections);
      await road.stopAgent(NODE);
      await road.startAgent(NODE, {}, { line: 'metrics are served' });
    }
    findings.equal(
      'streams of earlier runs on disk',
      await road.agentMetricOnceIs(NODE, 'spool_earlier_streams', times),
      times,
    );
    await road.startCollector();
    const records = await shop.judge();
    findings.equal('streams left on disk', await road.agentMetricOnceIs(NODE, 'spool_earlier_streams', 0), 0);
    await shop.judgeFiles(records);
  });
