// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RecordFlag } from '@undermesh/bpf-abi';
import type { Topology } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeAgent, FakeConnection } from '../test-support/index.js';
import { randomFrom } from './store/traffic.js';
import { eventually } from './support/collector.js';

vi.setConfig({ testTimeout: 120_000 });

const CHILD = fileURLToPath(new URL('./checkpoint-child.mjs', import.meta.url));
const CHECKPOINT_MS = 1_000;
const WORKLOADS = [
  { id: 1, namespace: 'shop', name: 'cart', kind: 'process', system: false },
  { id: 2, namespace: 'shop', name: 'stock', kind: 'process', system: false },
] as const;

let data: string;
let child: ChildProcess | null = null;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'undermesh-checkpoints-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
});

async function start(): Promise<{ url: string; credential: string }> {
  child = spawn(process.execPath, [CHILD, data, String(CHECKPOINT_MS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return JSON.parse(line.toString()) as { url: string; credential: string };
}

async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const one = child;
  if (one === null) return;
  const ended = once(one, 'close');
  one.kill(signal);
  await ended;
  child = null;
}

/** A connection that stays open for a while, and what it has sent. */
class LongConnection {
  readonly #one = new FakeConnection({
    client: { address: '10.0.0.1', port: 1000, workload: 1 },
    server: { address: '10.0.0.2', port: 80, workload: 2 },
  });
  sent = 0;

  records(event: 'opened' | 'progress' | 'closed', flags: number): Uint8Array[] {
    const figures = { flags: RecordFlag.ESTABLISHED | flags };
    return [
      this.#one[event]('source', { ...figures, sentBytes: BigInt(this.sent), receivedBytes: 0n }),
      this.#one[event]('destination', { ...figures, sentBytes: 0n, receivedBytes: BigInt(this.sent) }),
    ];
  }
}

/** An agent's traffic that goes on over kills: frames are kept until they are acknowledged, as an agent does. */
class Traffic {
  readonly #random = randomFrom(5);
  readonly #frames = new Map<bigint, readonly Uint8Array[]>();
  readonly #open = new Set<LongConnection>();
  readonly #streamId = new Uint8Array(16).fill(7);
  #sequence = 0n;
  #agent: FakeAgent | null = null;
  readonly truth = { opened: 0, closed: 0, sentBytes: 0 };

  async connect(to: { url: string; credential: string }): Promise<void> {
    this.#agent = new FakeAgent({ ...to, node: 'node-a', streamId: this.#streamId });
    const { acknowledged } = await this.#agent.connect();
    this.#agent.dictionary({ workloads: [...WORKLOADS] });
    for (const [sequence, records] of this.#frames) {
      if (sequence <= BigInt(acknowledged)) this.#frames.delete(sequence);
      else this.#agent.records(records, { sequence });
    }
    if (this.#open.size > 0)
      this.#send([...this.#open].flatMap((one) => one.records('opened', RecordFlag.REANNOUNCED)));
  }

  /** One frame of everything that can happen. */
  step(): void {
    const records: Uint8Array[] = [];
    for (let i = 0; i < 3; i++) {
      const one = new LongConnection();
      one.sent = 100;
      this.truth.opened++;
      this.truth.closed++;
      this.truth.sentBytes += one.sent;
      records.push(...one.records('closed', 0));
    }
    if (this.#random() < 0.3) {
      const one = new LongConnection();
      this.#open.add(one);
      this.truth.opened++;
      records.push(...one.records('opened', 0));
    }
    for (const one of this.#open) {
      const chance = this.#random();
      if (chance > 0.3) continue;
      one.sent += 1000;
      this.truth.sentBytes += 1000;
      records.push(...one.records(chance < 0.05 ? 'closed' : 'progress', RecordFlag.ANNOUNCED));
      if (chance >= 0.05) continue;
      this.truth.closed++;
      this.#open.delete(one);
    }
    this.#send(records);
  }

  /** The same as step, without an agent to send it: it waits. */
  leave(): void {
    this.#agent?.kill();
    this.#agent = null;
  }

  async delivered(): Promise<void> {
    await this.#agent?.acknowledged(this.#sequence);
  }

  #send(records: readonly Uint8Array[]): void {
    const sequence = ++this.#sequence;
    this.#frames.set(sequence, records);
    this.#agent?.records(records, { sequence });
  }
}

async function trafficAt(url: string): Promise<Topology['edges'][number]['traffic'] | undefined> {
  const response = await fetch(`${url}/api/v1/topology?window=3600`);
  const { edges } = (await response.json()) as Topology;
  return edges.find((edge) => edge.destinationName === 'stock')?.traffic;
}

describe('a collector that is killed between its checkpoints', () => {
  it('counts every connection and byte once, in seven runs', async () => {
    const traffic = new Traffic();
    const random = randomFrom(3);
    for (let run = 0; run < 6; run++) {
      await traffic.connect(await start());
      const steps = 20 + Math.floor(random() * 60);
      for (let step = 0; step < steps; step++) {
        traffic.step();
        await sleep(40);
      }
      await end(run === 3 ? 'SIGTERM' : 'SIGKILL');
      traffic.leave();
      // What happens while nobody listens is sent later.
      for (let step = 0; step < 5; step++) traffic.step();
    }
    const last = await start();
    await traffic.connect(last);
    await traffic.delivered();
    await eventually(async () => expect(await trafficAt(last.url)).toMatchObject(traffic.truth));
    // Once more without any agent: all of it is in the roll-ups.
    traffic.leave();
    await end('SIGTERM');
    expect(readdirSync(join(data, 'records', 'rollups')).length).toBeGreaterThan(2);
    const { url } = await start();
    expect(await trafficAt(url)).toMatchObject(traffic.truth);
  });
});
