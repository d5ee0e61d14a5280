// SPDX-License-Identifier: Apache-2.0
// Ten times what the agent was set up for: a ring of 64 KiB that is read once a second holds 327 records. What does not fit
// is counted in the kernel; the applications' own latency does not move.
import { setTimeout as pause } from 'node:timers/promises';
import { inShop, NODE } from './shop.mjs';

const RING_BYTES = 65_536;
const RECORD_BYTES = 192 + 8;
const perSecond = Math.round((10 * RING_BYTES) / RECORD_BYTES / 2);

/** @param {{ name: string, seconds: number, most?: number }} options */
export const overload = ({ name, seconds, most }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    await road.startCollector();
    await shop.open();
    // The same load where it fits is what it is compared with.
    await road.startAgent(NODE);
    const fits = shop.flow(perSecond);
    await pause((most === undefined ? 2 : 10) * 1000);
    const { latencyUs: before } = await fits.stop();
    await shop.settle();
    await road.stopAgent(NODE);

    await road.startAgent(NODE, { ringBytes: RING_BYTES, drain: { busy: 1000, idle: 1000 } });
    const flow = shop.flow(perSecond);
    await pause(seconds * 1000);
    const { latencyUs: during } = await flow.stop();
    findings.tell('connections per second', perSecond);
    findings.tell('seconds', seconds);
    const records = await shop.judge({ reasons: ['ring_full'] });
    findings.holds('the ring overflowed', records.lost.ring_full > 0, records.lost.ring_full ?? 0);
    shop.judgeLatency({ before, during, most });
    await shop.judgeFiles(records);
  });
