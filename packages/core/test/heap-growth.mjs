// SPDX-License-Identifier: Apache-2.0
// Makes garbage that has lived for a while, and prints how large the old generation was before each of three collections
// of it, MiB: node heap-growth.mjs
import { getHeapSpaceStatistics } from 'node:v8';
import { collectSoon } from '../dist/heap.js';

collectSoon();
const COLLECTED_MIB = 2;
const oldMib = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space').space_used_size / (1 << 20);
const waiting = [];
const peaks = [];
for (let before = 0; peaks.length < 3; ) {
  waiting.push(Array.from({ length: 20_000 }, (_, at) => ({ at })));
  if (waiting.length > 12) waiting.shift();
  const now = oldMib();
  if (now < before - COLLECTED_MIB) peaks.push(before);
  before = now;
}
console.log(JSON.stringify(peaks));
