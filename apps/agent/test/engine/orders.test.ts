// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, setLogLevel } from '@undermesh/core';
import { type Command, EngineReport } from '@undermesh/schema';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineCommand, EngineControl, EngineName, EngineReadback } from '../../src/engine/control.js';
import { Orders } from '../../src/engine/orders.js';

/** A kernel that is nothing but a word of memory: it outlives whoever writes it. */
class Word implements EngineControl {
  engine: EngineName = 'off';
  generation = 0;
  applied: EngineCommand[] = [];
  problem: string | null = null;
  available: EngineReadback['available'] = { off: true, 'dual-engine': true, 'kernel-native': 'no module' };
  openConnections: EngineReadback['openConnections'] = [];
  drift: EngineReadback['drift'] = [];

  readback(): EngineReadback {
    const { engine, generation, available, openConnections, drift } = this;
    const hooks = [{ name: 'connect4', expected: 2, attached: 2 }];
    return { engine, generation, available, hooks, enrolled: [], drift, openConnections };
  }

  async apply(command: EngineCommand): Promise<void> {
    if (this.problem !== null) throw new Error(this.problem);
    this.applied.push(command);
    this.engine = command.engine;
    this.generation = command.generation;
  }
}

let directory: string;
let file: string;
let kernel: Word;
let outcomes: number;
let orders: Orders;
const running: Orders[] = [];

async function start(configured: EngineName = 'off'): Promise<Orders> {
  orders = new Orders({
    control: kernel,
    file,
    configured,
    onOutcome: () => outcomes++,
    log: createLogger('engine'),
  });
  running.push(orders);
  await orders.begin();
  return orders;
}
const order = (generation: number, engine: EngineName = 'dual-engine', inMs = 5_000): Command => ({
  generation,
  engine,
  deadline: new Date(Date.now() + inMs).toISOString(),
});
const take = (command: Command): Promise<void> => orders.take(command, Date.now());
const kept = (): object => JSON.parse(readFileSync(file, 'utf8')) as object;

beforeEach(() => {
  setLogLevel('silent');
  directory = mkdtempSync(join(tmpdir(), 'undermesh-orders-'));
  file = join(directory, 'engine', 'node.json');
  kernel = new Word();
  outcomes = 0;
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.end()));
  rmSync(directory, { recursive: true });
});

describe('orders', () => {
  it('are kept, carried out and told, in this order', async () => {
    await start();
    expect(orders.report()).toMatchObject({ desired: 'off', observed: 'off', generation: 0, desiredSeen: 0 });
    let keptBefore = false;
    kernel.apply = async (command) => {
      keptBefore = (kept() as Command).generation === command.generation;
      await Word.prototype.apply.call(kernel, command);
    };
    await take(order(3));
    expect(keptBefore).toBe(true);
    expect(outcomes).toBe(1);
    expect(orders.report()).toMatchObject({
      desired: 'dual-engine',
      observed: 'dual-engine',
      generation: 3,
      desiredSeen: 3,
    });
    expect(Value.Check(EngineReport, orders.report())).toBe(true);
  });

  it('hold after a restart without a collector, and after one that lost the kernel', async () => {
    await start();
    await take(order(3));
    await start();
    expect(kernel.applied).toHaveLength(1);
    kernel = new Word();
    await start();
    expect(kernel.applied).toEqual([{ engine: 'dual-engine', generation: 3 }]);
    expect(orders.report().desiredSeen).toBe(3);
  });

  it('are taken once: replayed, older and late ones change nothing', async () => {
    await start();
    await take(order(3));
    await take(order(3));
    await take(order(2, 'off'));
    await take(order(4, 'off', -1));
    expect(kernel.applied).toEqual([expect.objectContaining({ generation: 3 })]);
    expect(orders.counts).toEqual({ carriedOut: 1, refused: 0, ignored: 2 });
    await take(order(3, 'off'));
    expect(orders.report()).toMatchObject({
      observed: 'dual-engine',
      refused: { generation: 3, engine: 'off' },
    });
  });

  it('are judged late by the clock of the collector', async () => {
    await start();
    await orders.take(order(1, 'dual-engine', 3_600_000), Date.now() + 3_700_000);
    expect(kernel.applied).toEqual([]);
    await orders.take(order(1, 'dual-engine', -3_600_000), Date.now() - 3_700_000);
    expect(kernel.applied).toHaveLength(1);
  });

  it('that this node cannot take are refused with the reason, and what was in force stays', async () => {
    await start();
    await take(order(1));
    await take(order(2, 'kernel-native'));
    expect(orders.report()).toMatchObject({
      desired: 'dual-engine',
      desiredSeen: 1,
      unavailable: { 'kernel-native': 'no module' },
      refused: { generation: 2, engine: 'kernel-native', reason: 'no module' },
    });
    kernel.problem = 'the kernel said no';
    await take(order(3, 'off'));
    expect(orders.report()).toMatchObject({
      desiredSeen: 1,
      refused: { generation: 3, reason: 'the kernel said no' },
    });
    expect(kept()).toMatchObject({ generation: 1, engine: 'dual-engine' });
    kernel.problem = null;
    await take(order(3, 'off'));
    expect(orders.report()).toMatchObject({ observed: 'off', desiredSeen: 3 });
    expect(orders.report()).not.toHaveProperty('refused');
  });

  it('that cannot be kept are not carried out', async () => {
    await start();
    mkdirSync(file, { recursive: true });
    await take(order(1));
    expect(kernel.applied).toEqual([]);
    expect(orders.report().refused?.reason).toMatch(/could not be kept/);
  });

  it('that failed before there was any leave nothing behind', async () => {
    await start();
    kernel.problem = 'no';
    await take(order(1));
    expect(existsSync(file)).toBe(false);
  });

  it('come one after the other, however close', async () => {
    await start();
    await Promise.all([take(order(1)), take(order(2, 'off')), take(order(3)), take(order(2, 'off'))]);
    expect(kernel.applied.map(({ generation }) => generation)).toEqual([1, 2, 3]);
    expect(kept()).toMatchObject({ generation: 3, engine: 'dual-engine' });
  });
});

describe('a start', () => {
  it('puts in force what is configured while nobody has ordered anything', async () => {
    await start('dual-engine');
    expect(kernel.applied).toEqual([{ engine: 'dual-engine', generation: 0 }]);
    expect(orders.report()).toMatchObject({
      desired: 'dual-engine',
      configured: 'dual-engine',
      desiredSeen: 0,
    });
  });

  it('puts right what somebody wrote while there was no agent', async () => {
    await start();
    await take(order(3));
    kernel.engine = 'off';
    kernel.generation = 65_535;
    await start();
    expect(orders.report()).toMatchObject({ observed: 'dual-engine', generation: 3, desiredSeen: 3 });
  });

  it('believes the kernel when the disk has lost the order, and keeps that', async () => {
    await start();
    await take(order(3));
    rmSync(file);
    await start();
    expect(orders.report()).toMatchObject({
      desired: 'dual-engine',
      observed: 'dual-engine',
      desiredSeen: 3,
    });
    expect(kept()).toMatchObject({ generation: 3 });
  });

  it.each(['', '{', '{"generation":0,"engine":"off","earlier":[]}', '{"generation":1,"engine":"warp"}'])(
    'passes over a file that holds %j',
    async (content) => {
      mkdirSync(join(directory, 'engine'));
      writeFileSync(file, content);
      await start();
      expect(orders.report()).toMatchObject({ desired: 'off', desiredSeen: 0 });
    },
  );

  it('tells what it cannot put in force', async () => {
    kernel.available = { off: true, 'dual-engine': 'no hooks', 'kernel-native': 'no module' };
    await start();
    kernel.available = { off: true, 'dual-engine': true, 'kernel-native': 'no module' };
    await take(order(2));
    kernel = new Word();
    kernel.problem = 'no hooks';
    await start();
    expect(orders.report()).toMatchObject({
      desired: 'dual-engine',
      observed: 'off',
      desiredSeen: 2,
      refused: { generation: 2, reason: 'no hooks' },
    });
  });
});

describe('a node that has lost what kernel-native needs', () => {
  const lost = 'its kernel module is not loaded';
  beforeEach(async () => {
    kernel.available = { off: true, 'dual-engine': true, 'kernel-native': true };
    await start();
    await take(order(3, 'kernel-native'));
    kernel = new Word(); // booted anew
    kernel.available = { off: true, 'dual-engine': true, 'kernel-native': lost };
    kernel.apply = async function (command) {
      const reason = this.available[command.engine];
      if (reason !== true) throw new Error(reason);
      await Word.prototype.apply.call(this, command);
    };
  });

  it('is steered by the dual engine meanwhile, and says so', async () => {
    await start();
    expect(kernel.applied).toEqual([{ engine: 'dual-engine', generation: 3 }]);
    expect(orders.report()).toMatchObject({
      desired: 'kernel-native',
      observed: 'dual-engine',
      desiredSeen: 3,
      refused: { generation: 3, engine: 'kernel-native', reason: lost },
    });
  });

  it('goes back as soon as it can', async () => {
    await start();
    kernel.available = { off: true, 'dual-engine': true, 'kernel-native': true };
    await orders.again();
    expect(orders.report()).toMatchObject({ observed: 'kernel-native', generation: 3 });
    expect(orders.report().refused).toBeUndefined();
  });

  it('leaves what is in force as it is', async () => {
    kernel.engine = 'dual-engine';
    await start();
    expect(kernel.applied).toEqual([]);
  });
});

it('names the engines of connections that drain', async () => {
  await start();
  await take(order(1));
  await take(order(2, 'off'));
  await start();
  kernel.openConnections = [
    { generation: 2, connections: 5 },
    { generation: 1, connections: 7 },
    { generation: 0, connections: 0 },
    { generation: 9, connections: 1 },
  ];
  kernel.drift = [{ what: 'connect4 was detached', atMs: 5, mended: true }];
  expect(orders.report()).toMatchObject({
    connections: 5,
    draining: [
      { generation: 1, engine: 'dual-engine', connections: 7 },
      { generation: 9, engine: null, connections: 1 },
    ],
    drift: [{ what: 'connect4 was detached', sinceMs: 5, mended: true }],
  });
});
