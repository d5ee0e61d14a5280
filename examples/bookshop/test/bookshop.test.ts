// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Counts } from '../src/counts.js';
import { assignment, calls, demoPlace, loopbackPlace, nodes, outside, workloads } from '../src/plan.js';
import { answerTo } from '../src/services/key-value.js';
import { rateAt } from '../src/services/shoppers.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

describe('the plan', () => {
  it('gives every workload an address of its own, by node', () => {
    const addresses = workloads.map(({ id }) => demoPlace(id));
    expect(new Set(addresses.map(({ ipv4 }) => ipv4)).size).toBe(workloads.length);
    expect(demoPlace('ingress').ipv4).toMatch(/^10\.99\.1\./);
    expect(demoPlace('payments').ipv6).toMatch(/^fd99::3:/);
    expect(demoPlace('bank-api').ipv4).toMatch(/^10\.99\.9\./);
  });

  it('knows only nodes and services that exist', () => {
    for (const { node } of workloads) expect([...nodes, outside]).toContain(node);
    const names = workloads.map(({ service }) => service);
    for (const call of calls) expect(names).toEqual(expect.arrayContaining([...call]));
  });

  it('sends one in five reviews to version 2', () => {
    const { endpoints } = assignment('front', { placeOf: demoPlace });
    expect(endpoints.reviews?.map(({ weight }) => weight)).toEqual([80, 20]);
  });

  it('says which names there are when asked for another', () => {
    expect(() => demoPlace('reviews')).toThrow('reviews@v1, reviews@v2');
  });
});

it('varies the rate slowly around its mean', () => {
  const rates = Array.from({ length: 120 }, (_, second) => rateAt(second * 1000, 60));
  expect(rates.reduce((sum, rate) => sum + rate) / 120).toBeCloseTo(60);
  expect(Math.max(...rates)).toBeCloseTo(84);
});

it('keeps values', () => {
  const values = new Map<string, string>();
  expect(answerTo('GET a', values)).toBe('NONE');
  expect(answerTo('SET a it was cold', values)).toBe('OK');
  expect(answerTo('GET a', values)).toBe('VALUE it was cold');
  expect(answerTo('DROP a', values)).toBe('ERROR');
});

describe('the bookshop on loopback', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bookshop-'));
  const children = new Map<string, ChildProcess>();

  const start = async (id: string): Promise<void> => {
    const options = { placeOf: loopbackPlace, countsFile: join(directory, `${id}.json`), rate: 100 };
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, BOOKSHOP: JSON.stringify(assignment(id, options)), UNDERMESH_SUPERVISED: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.set(id, child);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
  };
  const countsOf = (id: string): Counts => JSON.parse(readFileSync(join(directory, `${id}.json`), 'utf8'));
  const servedTo = (id: string): number => countsOf(id).calls.ingress?.results['200'] ?? 0;

  beforeAll(async () => {
    for (const { id } of workloads) await start(id);
  }, 30_000);
  afterAll(() => {
    for (const child of children.values()) child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });

  it('is shopped in: every call of the plan is made and both ends count the same connections', async () => {
    // Long enough for every call of the plan, however slow the machine.
    await expect.poll(() => servedTo('shoppers'), { timeout: 25_000, interval: 250 }).toBeGreaterThan(200);
    // Callers end first: whoever is still there counts the last of their connections.
    for (const { id } of [...workloads].reverse()) {
      const child = children.get(id) as ChildProcess;
      child.stdin?.end();
      await once(child, 'exit');
      expect(child.exitCode, id).toBe(0);
    }
    const counts = new Map(workloads.map(({ id }) => [id, countsOf(id)]));
    const of = (service: string): Counts[] =>
      workloads.filter((one) => one.service === service).map(({ id }) => counts.get(id) as Counts);
    for (const [caller, callee] of calls) {
      const made = of(caller).reduce((sum, one) => sum + (one.calls[callee]?.established ?? 0), 0);
      const taken = of(callee).reduce((sum, one) => sum + one.accepted, 0);
      expect(made, `${caller} to ${callee}`).toBeGreaterThan(0);
      expect(taken, `${caller} to ${callee}`).toBe(made);
    }
  }, 45_000);
});
