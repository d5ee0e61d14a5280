// SPDX-License-Identifier: Apache-2.0
// The link between agent and collector goes down, and comes up again: agent and collector live in namespaces of their own,
// joined by a bridge.
import { setTimeout as pause } from 'node:timers/promises';
import { enter, joinByBridge } from '../../tools/testbed/namespaces.mjs';
import { inShop, NODE } from './shop.mjs';

const HUB = '10.99.9.1';
const PORT = 7070;

/** @param {{ name: string, times: number, seconds: number, perSecond: number, most?: number }} options `seconds` down */
export const linkDown = ({ name, times, seconds, perSecond, most }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    const [fabric, hub, edge] = ['fabric', 'hub', 'edge'].map((part) => road.testbed.namespace(part));
    joinByBridge(fabric, [
      { namespace: hub, addresses: [`${HUB}/16`] },
      { namespace: edge, addresses: ['10.99.9.2/16'] },
    ]);
    const config = {
      listen: { address: '0.0.0.0', port: PORT },
      tls: { mode: 'off', insecure: true }, // nobody else is on that link
      auth: { read: 'open' },
    };
    await road.startCollector({ config, namespace: hub });
    const collector = await road.towards(NODE, { url: `ws://${HUB}:${PORT}/ingest/v1`, maxBackoff: 1000 });
    await road.startAgent(NODE, { collector }, { namespace: edge });
    await shop.open();
    const before = await shop.latency(most === undefined ? 2 : 10);
    const flow = shop.flow(perSecond);
    for (let i = 0; i < times; i += 1) {
      await pause(2000);
      enter(edge, ['ip', 'link', 'set', 'eth0', 'down']);
      await pause(seconds * 1000);
      enter(edge, ['ip', 'link', 'set', 'eth0', 'up']);
    }
    const { latencyUs: during } = await flow.stop();
    findings.tell('times the link was down', times);
    findings.tell('seconds each time', seconds);
    const records = await shop.judge();
    shop.judgeLatency({ before, during, most });
    await shop.judgeFiles(records);
  });
