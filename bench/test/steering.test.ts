// SPDX-License-Identifier: Apache-2.0
// Each benchmark of steering at a size that says nothing about speed: that it takes the ways that it says it takes.
import { describe, expect, it } from 'vitest';
import { measureConnect } from '../src/connect.js';
import { measureHops } from '../src/hops.js';
import { measureShortcut } from '../src/shortcut.js';
import { measureSwitch } from '../src/switch.js';
import { withTestbed } from '../src/testbed.js';
import { measureWaypoint } from '../src/waypoint.js';
import { canLoad, isRoot } from './able.js';
import { figureOf } from './rows.js';

const say = (): void => {};

describe.skipIf(!isRoot)('benchmarks of steering, small (need root)', { timeout: 120_000 }, () => {
  it('connect: time in the programs of both families', async () => {
    const rows = await withTestbed('test-connect', (testbed) =>
      measureConnect(testbed, { rounds: 2, connects: 200 }, say),
    );
    for (const hook of ['connect4', 'connect6', 'getpeername4', 'getpeername6'])
      figureOf(rows, `${hook}, to a service`);
    expect(figureOf(rows, 'IPv4: BPF time of a steered connect() and one getpeername()')).toBeGreaterThan(0);
    expect(figureOf(rows, 'IPv6: BPF time of a steered connect() and one getpeername()')).toBeGreaterThan(0);
  });

  it('shortcut: every message is redirected, and whole', async () => {
    const sizes = [64, 65_536, 1 << 20];
    const rows = await withTestbed('test-shortcut', (testbed) =>
      measureShortcut(testbed, { sizes, rounds: 1, milliseconds: 20 }, say),
    );
    expect(rows).toHaveLength(3);
    expect(figureOf(rows, '64 KiB: CPU per exchange, joined ÷ plain')).toBeGreaterThan(0);
  });
});

describe.skipIf(!canLoad)(
  'benchmarks of proxies, small (need root, HAProxy and nginx)',
  { timeout: 300_000 },
  () => {
    it('hops: all ways lead to the server', async () => {
      const rows = await withTestbed('test-hops', (testbed) =>
        measureHops(testbed, { rounds: 1, seconds: 0.2 }, say),
      );
      for (const what of ['request over a kept connection', 'short connection with one request'])
        for (const way of ['direct', 'dual engine', 'one hop', 'two hops'])
          expect(figureOf(rows, `p99 of a ${what}, ${way}`)).toBeGreaterThan(0);
    });

    it('waypoint: requests of both ways meet its route, direct ones do not', async () => {
      const rows = await withTestbed('test-waypoint', (testbed) =>
        measureWaypoint(testbed, { rounds: 1, seconds: 0.2 }, say),
      );
      for (const way of ['direct', 'waypoint', 'two proxies + waypoint'])
        expect(figureOf(rows, `p99, ${way}`)).toBeGreaterThan(0);
    });

    it('switch: every click is observed', async () => {
      const rows = await withTestbed('test-switch', (testbed) =>
        measureSwitch(testbed, { switches: 4 }, say),
      );
      for (const when of ['at rest', 'under load'])
        expect(figureOf(rows, `click to observed, ${when}, p99`)).toBeGreaterThan(0);
    });
  },
);
