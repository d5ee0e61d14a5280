// SPDX-License-Identifier: Apache-2.0
import { beforeEach, expect, it } from 'vitest';
import { Lateness } from '../src/lateness.js';

let said: string[];
let lateness: Lateness;
/** A turn of 1 ms that uses 1 ms, after another so many ms and with so many ms of CPU. */
let nowMs: number;
let cpuMs: number;
const turn = (afterMs: number, usedMs = 0): void => {
  nowMs += afterMs;
  cpuMs += usedMs;
  lateness.begin({ nowMs, cpuMs });
  nowMs += 1;
  cpuMs += 1;
  lateness.end({ nowMs, cpuMs }, 100);
};

beforeEach(() => {
  said = [];
  lateness = new Lateness({ warn: (_: object, text?: string) => said.push(text ?? '') });
  nowMs = 5_000;
  cpuMs = 700;
});

it('is what turns come too late, beyond what timers do', () => {
  turn(0);
  for (let i = 0; i < 1000; i++) turn(100 + (i % 50));
  expect(lateness.seconds).toBe(0);
  turn(400);
  turn(100);
  turn(350);
  expect(lateness.seconds).toBeCloseTo(0.55);
  expect(said).toEqual([]);
});

it('is said with the CPU there was, once a minute', () => {
  turn(0);
  turn(6_100, 3);
  turn(6_100, 3);
  expect(said).toEqual([
    'the ring was read 6.0 s late, as the agent got 3 ms of CPU in that time: give it more, or raise agent.ringBytes',
  ]);
  turn(60_000);
  expect(said).toHaveLength(2);
  expect(lateness.seconds).toBeCloseTo(12 + 59.9);
});
