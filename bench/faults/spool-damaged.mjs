// SPDX-License-Identifier: Apache-2.0
// Frames on the agent's disk are not what was written: bits are flipped, the last entry is torn off. Each damaged frame is
// left out alone and its ends are counted; the rest arrives.
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inShop, NODE } from './shop.mjs';

const MAGIC = 0x45534d55;
const HEAD_BYTES = 24;

/** @param {{ name: string, rounds: number, connections: number }} options */
export const spoolDamaged = ({ name, rounds, connections }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    await road.startCollector();
    await shop.open();
    let flipped = 0;
    let torn = 0;
    for (let round = 0; round < rounds; round += 1) {
      await road.startAgent(NODE);
      await shop.settle();
      await road.killCollector();
      for (let i = 0; i < 6; i += 1) {
        await shop.burst(connections);
        const wanted = i + 1;
        // A frame each: written before the next one is made.
        await road.until('a frame is written', async () => {
          return (await road.agentMetric(NODE, 'spool_frames')) >= wanted;
        });
      }
      await road.killAgent(NODE);
      const damage = damageSpool(road.spool(NODE), round);
      flipped += damage.flipped;
      torn += damage.torn;
      await road.startCollector();
    }
    await road.startAgent(NODE);
    findings.tell('rounds', rounds);
    const records = await shop.judge({ reasons: ['invalid', 'agent_killed'] });
    findings.equal(
      'ends lost as invalid: those of the frames with a flipped bit',
      records.lost.invalid ?? 0,
      flipped,
    );
    findings.holds(
      'ends lost with the agent: at least those of the torn entry',
      (records.lost.agent_killed ?? 0) >= torn,
      `${records.lost.agent_killed ?? 0}, torn ${torn}`,
    );
    await shop.judgeFiles(records);
  });

/** Flips a bit in one entry, in its head or its frame, and cuts the last one short. @returns ends of each */
function damageSpool(directory, round) {
  const files = readdirSync(directory, { recursive: true })
    .filter((name) => name.endsWith('.frames'))
    .map((name) => join(directory, name))
    .sort();
  const path = files.at(-1);
  const bytes = readFileSync(path);
  const entries = entriesOf(bytes);
  const victim = entries[(round * 3) % (entries.length - 2)];
  const at = victim.offset + ((round * 37) % (HEAD_BYTES + 200));
  bytes[at] ^= 1 << (round % 8);
  writeFileSync(path, bytes);
  const last = entries.at(-1);
  truncateSync(path, last.offset + 1 + ((round * 101) % (last.bytes - 1)));
  return { flipped: victim.ends, torn: last.ends };
}

function entriesOf(bytes) {
  const entries = [];
  for (let offset = 0; offset < bytes.length; ) {
    if (bytes.readUInt32LE(offset) !== MAGIC) throw new Error(`no entry at ${offset}`);
    const length = HEAD_BYTES + bytes.readUInt32LE(offset + 4);
    entries.push({ offset, bytes: length, ends: bytes.readUInt32LE(offset + 16) });
    offset += length;
  }
  return entries;
}
