// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clockBoottimeNs, clockPairNs } from '../src/index.js';

test('boottime is what /proc/uptime says', () => {
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  expect(Math.abs(Number(clockBoottimeNs()) / 1e9 - uptime)).toBeLessThan(0.5);
});

test('boottime moves on between two readings', () => {
  const before = clockBoottimeNs();
  expect(clockBoottimeNs()).toBeGreaterThan(before);
});

test('a pair holds one moment on both clocks', () => {
  const { boottime, realtime } = clockPairNs();
  expect(Math.abs(Number(realtime / 1_000_000n) - Date.now())).toBeLessThan(1000);
  expect(clockBoottimeNs() - boottime).toBeLessThan(1_000_000_000n);
});
