// SPDX-License-Identifier: Apache-2.0
// The frame decoder alone, as fast as it goes: what it answers is a frame that keeps its promises, or one of its errors.
import { crc32 } from 'node:zlib';
import { decodeFrame, FRAME_HEADER_BYTES, FRAME_TYPES, FrameError } from '@undermesh/schema';
import { Findings } from '../../road/checks/findings.mjs';
import { Chance } from './chance.mjs';
import { FrameFuzzer } from './frames.mjs';

const mebibyte = 1 << 20;
const templateCount = 4_000;
const largestTemplate = 4_096;
const crcAt = 12;

/** @param {{ frames: number, seed: number, mostMib: number }} options `mostMib`: by how much memory may grow in the second half */
export function decoder({ frames, seed, mostMib }) {
  const findings = new Findings();
  const chance = new Chance(seed);
  const templates = templatesOf(seed);
  const codes = {};
  const strange = [];
  const memory = [];
  const began = performance.now();
  for (let count = 0; count < frames; count += 1) {
    if (count % Math.ceil(frames / 10) === 0) memory.push(process.memoryUsage().rss);
    const message = mutated(chance.of(templates), chance);
    try {
      const problem = brokenPromise(message, decodeFrame(message));
      if (problem !== undefined) strange.push(problem);
      codes['a frame'] = (codes['a frame'] ?? 0) + 1;
    } catch (error) {
      if (!(error instanceof FrameError)) strange.push(error.stack);
      codes[error.code] = (codes[error.code] ?? 0) + 1;
    }
  }
  findings.tell('seed', seed);
  findings.tell('frames decoded, each another', frames);
  findings.tell('seconds', Math.round((performance.now() - began) / 1000));
  for (const [code, count] of Object.entries(codes).sort()) findings.tell(`answered: ${code}`, count);
  findings.equal('frames that break a promise, errors that are none of its own', strange.length, 0);
  if (strange.length > 0) findings.tell('the first of them', strange[0]);
  memory.push(process.memoryUsage().rss);
  const mib = memory.map((bytes) => (bytes / mebibyte).toFixed(0));
  findings.tell('memory (VmRSS) after each tenth, MiB', mib.join(', '));
  const growth = (memory.at(-1) - memory[Math.floor(memory.length / 2)]) / mebibyte;
  findings.holds(
    `memory: growth over the second half, at most ${mostMib} MiB`,
    growth <= mostMib,
    `${growth.toFixed(1)} MiB`,
  );
  return findings.result;
}

function templatesOf(seed) {
  const fuzzer = new FrameFuzzer(seed, 'mallory');
  const templates = [];
  while (templates.length < templateCount) {
    for (const message of fuzzer.connection())
      if (typeof message !== 'string' && message.length <= largestTemplate)
        templates.push(Buffer.from(message));
  }
  return templates;
}

/** A copy with bits flipped, bytes replaced, cut or lengthened; as often as not with its length and its CRC put right. */
function mutated(template, chance) {
  const length = chance.once(4) ? chance.below(template.length + 64) : template.length;
  const message = Buffer.alloc(length);
  template.copy(message);
  for (let changes = chance.below(6); changes > 0 && length > 0; changes -= 1) {
    // Headers are what it is about.
    const at = chance.below(chance.once(3) ? length : Math.min(length, FRAME_HEADER_BYTES));
    if (chance.once(2)) message[at] ^= 1 << chance.below(8);
    else message[at] = chance.word();
  }
  if (length < FRAME_HEADER_BYTES || chance.once(2)) return message;
  if (chance.once(2)) message.writeUInt32LE(length - FRAME_HEADER_BYTES, 8);
  message.writeUInt32LE(0, crcAt);
  message.writeUInt32LE(crc32(message), crcAt);
  return message;
}

/** What is wrong with a frame that was taken for good; `undefined` when nothing is. */
function brokenPromise(message, frame) {
  const { type, payload, recordBytes, recordCount, streamId } = frame;
  if (payload.byteLength !== message.length - FRAME_HEADER_BYTES)
    return `${payload.byteLength} payload bytes`;
  if (streamId.byteLength !== 16) return `a stream id of ${streamId.byteLength} bytes`;
  if (!Object.values(FRAME_TYPES).includes(type)) return `type ${type}`;
  if (type === FRAME_TYPES.records && recordBytes * recordCount !== payload.byteLength)
    return `${recordCount} records of ${recordBytes} bytes in ${payload.byteLength}`;
  const sum = message.readUInt32LE(crcAt);
  const zeroed = Buffer.from(message);
  zeroed.writeUInt32LE(0, crcAt);
  return crc32(zeroed) === sum ? undefined : 'a wrong CRC';
}
