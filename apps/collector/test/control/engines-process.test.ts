// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Engines, NodeEngine } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChangeLog } from '../../src/control/change-log.js';
import { EngineAgent, FakeAgent } from '../../test-support/index.js';
import { eventually } from '../support/collector.js';

const program = join(import.meta.dirname, '../../bin/undermesh-collector.mjs');

let data: string;
let child: ChildProcess;
let url: string;
let token: string;
let credential: string;

async function start(): Promise<void> {
  child = spawn(process.execPath, [program, '--data', data, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, UNDERMESH_COLLECTOR_STORE_DRIVER: 'memory' },
  });
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes');
  createInterface({ input: child.stdout }).on('line', (line) => {
    token = /^UNDERMESH_TOKEN=(\S+)$/.exec(line)?.[1] ?? token;
  });
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.includes('"collector listens"')) continue;
    url = (JSON.parse(line) as { url: string }).url;
    child.stderr.resume();
    return;
  }
  throw new Error('the collector ended');
}
async function kill(): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
const connect = async (agent: EngineAgent): Promise<EngineAgent> => {
  await agent.connect();
  return agent;
};
const newAgent = (engine: EngineAgent['engine'] | undefined = undefined): EngineAgent =>
  new EngineAgent(new FakeAgent({ url, node: 'shop-1', credential }), engine);

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'undermesh-engines-'));
  const make = [program, 'credential', '--node', 'shop-1', '--data', data];
  credential = execFileSync(process.execPath, make, { encoding: 'utf8' }).trim();
  await start();
});
afterEach(async () => {
  await kill();
  rmSync(data, { recursive: true });
});

async function put(engine: string, reason = 'a'): Promise<NodeEngine> {
  const response = await fetch(`${url}/api/v1/nodes/shop-1/engine`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ engine, reason }),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as NodeEngine;
}
const read = async (): Promise<NodeEngine | undefined> =>
  ((await (await fetch(`${url}/api/v1/engines`)).json()) as Engines).items[0]?.engine;
const settled = (expected: Partial<NodeEngine>): Promise<void> =>
  eventually(async () => expect(await read()).toMatchObject(expected));

describe('a collector that is killed', { timeout: 30_000 }, () => {
  it('between the log and the command sends it when it is back', async () => {
    const agent = await connect(newAgent());
    await settled({ state: 'in-force' });
    await agent.leave();
    expect(await put('dual-engine')).toMatchObject({ generation: 1, desired: 'dual-engine' });
    await kill();
    await start();
    expect(await read()).toMatchObject({ desired: 'dual-engine', generation: 1, state: 'silent' });
    const again = await connect(newAgent(agent.engine));
    await again.ordered(1);
    again.obey();
    await settled({ state: 'in-force', observed: 'dual-engine', generation: 1 });
  });

  it('before it heard that an order was carried out finds it so, and orders nothing', async () => {
    const agent = await connect(newAgent());
    await settled({ state: 'in-force' });
    await put('dual-engine');
    await agent.ordered(1);
    await kill();
    await start();
    const carriedOut = {
      desired: 'dual-engine',
      observed: 'dual-engine',
      generation: 1,
      desiredSeen: 1,
    } as const;
    const again = await connect(newAgent({ ...agent.engine, ...carriedOut }));
    await settled({ state: 'in-force', observed: 'dual-engine', generation: 1 });
    expect(again.wire.commands).toEqual([]);
  });

  it('while orders rain on it keeps all that it answered, in an unbroken chain', async () => {
    const agent = await connect(newAgent());
    await settled({ state: 'in-force' });
    let answered = 0;
    for (let round = 0; round < 3; round++) {
      const raining = Array.from({ length: 8 }, async (_, at) => {
        for (let i = 0; i < 40; i++) {
          const { generation } = await put((i + at) % 2 === 0 ? 'dual-engine' : 'off');
          answered = Math.max(answered, generation);
        }
      });
      const killing = eventually(async () => expect(answered).toBeGreaterThan(round * 20 + 10)).then(kill);
      await Promise.allSettled([...raining, killing]);
      await start();
      const engine = await read();
      expect(engine?.generation).toBeGreaterThanOrEqual(answered);
      await connect(newAgent(agent.engine));
      await eventually(async () => expect((await read())?.state).not.toBe('silent'));
    }
    await kill();
    const log = new ChangeLog(join(data, 'change-log.jsonl'));
    log.restore();
    expect(log.chain.breaks).toEqual([]);
    const generations = log.control.map(({ order }) => order?.generation);
    expect(generations).toEqual(generations.map((_, at) => at + 1));
  });
});
