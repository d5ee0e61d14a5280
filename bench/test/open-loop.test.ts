// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type OpenLoad, type OpenLoop, runOpenLoop } from '../src/open-loop.js';
import { withTestbed } from '../src/testbed.js';
import { isRoot } from './able.js';

const KEPT = 16;
let close = (): void => {};
afterEach(() => close());

/** A server that lets some requests pass, holds all answers for a while, and then goes on. */
async function startHolding(pass: number, holdMs: number): Promise<number> {
  const held: ServerResponse[] = [];
  let [seen, holding] = [0, true];
  const server = createServer((_, response) => {
    seen++;
    if (seen <= pass || !holding) return void response.end('answered');
    held.push(response);
    if (held.length > 1) return;
    setTimeout(() => {
      holding = false;
      for (const one of held) one.end('answered');
    }, holdMs);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => void server.close();
  return (server.address() as AddressInfo).port;
}

const run = (port: number, load: OpenLoad): Promise<OpenLoop> =>
  withTestbed('test-open-loop', (testbed) =>
    runOpenLoop(testbed, { address: '127.0.0.1', port, ...load }, {}),
  );

describe.skipIf(!isRoot)('load by a schedule (needs root)', { timeout: 30_000 }, () => {
  it('counts what a stall holds up behind it: latencies begin with the schedule', async () => {
    const port = await startHolding(KEPT, 500);
    const load = { kind: 'keep-alive', perSecond: 400, seconds: 0.5, seed: 1 } as const;
    const { requests, p50, max } = await run(port, load);
    expect(requests).toBe(200);
    // Half of all came within the first 250 ms of the stall, though 16 at most were on their way.
    expect(p50).toBeGreaterThan(200_000);
    expect(max).toBeGreaterThan(400_000);
  });

  it('opens a connection for each request', async () => {
    const port = await startHolding(1_000, 0);
    const load = { kind: 'short', perSecond: 200, seconds: 0.2, seed: 2 } as const;
    const { requests, p50, p90, p99, max } = await run(port, load);
    expect(requests).toBe(40);
    expect([p50, p90, p99, max]).toEqual([p50, p90, p99, max].sort((a, b) => a - b));
  });

  it('says what failed', async () => {
    const load = { kind: 'short', perSecond: 100, seconds: 0.1, seed: 3 } as const;
    await expect(run(1, load)).rejects.toThrow('connecting: Connection refused');
  });
});
