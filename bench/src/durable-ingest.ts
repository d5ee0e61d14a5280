// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Asker } from './asker.js';
import { endProcess, startCollector } from './collector-process.js';
import { cgroupCpuUs } from './cpu.js';
import { FakeAgent } from './fake-agent.js';
import { makeScratch } from './scratch.js';
import { bootstrapMedian, bootstrapQuantile, type Estimate } from './statistics.js';
import type { Testbed } from './testbed.js';

const NODE = 'bench';
const WARM_MS = 1_500;

/** Shares of the most that is taken, at which it is tried whether queries are answered in time. */
const SHARES = [0.75, 0.5, 0.35, 0.25];

/** What a collector took, and how it answered one topology query per second meanwhile. */
export interface QueriedIngest {
  /** Records made durable per second, second by second. */
  readonly perSecond: Estimate;
  /** Latency of the queries, ms. */
  readonly queryMs: { readonly p50: Estimate; readonly p99: Estimate };
}

/** What a whole collector did with all that one agent could send. */
export interface DurableIngest {
  readonly most: QueriedIngest;
  /** CPU of the collector at that, all threads, microseconds per record. */
  readonly cpuUs: number;
  /** What of that it takes for good with the p99 of queries within a limit; undefined when it was not at any share tried. */
  readonly within: (QueriedIngest & { readonly share: number }) | undefined;
  /** Latency of the query once it rests, ms, and how many records were then stored. */
  readonly restingQueryMs: Estimate;
  readonly records: number;
  readonly diskBytesPerRecord: number;
}

/**
 * Runs a collector with its embedded store and sends it frames for so many seconds: as many as it takes, then shares of
 * that, until the p99 of queries is at most `withinMs`.
 */
export async function measureDurableIngest(
  testbed: Testbed,
  { seconds, withinMs }: { readonly seconds: number; readonly withinMs: number },
): Promise<DurableIngest> {
  const scratch = makeScratch();
  const directory = scratch.path;
  const cgroup = testbed.cgroup('collector');
  const credentialFile = join(directory, 'credential');
  try {
    const { child, port, data } = await startCollector({
      testbed,
      cgroup,
      directory,
      node: NODE,
      credentialFile,
    });
    const credential = readFileSync(credentialFile, 'utf8').trim();
    const agent = await FakeAgent.connect(`ws://127.0.0.1:${port}/ingest/v1`, { node: NODE, credential });
    const asker = new Asker(`http://127.0.0.1:${port}/api/v1/topology?window=900`);
    await asker.ask();
    await pause(WARM_MS);
    const start = { records: agent.acknowledged, cpuUs: cgroupCpuUs(cgroup) };
    const most = await queried(agent, asker, seconds);
    const cpuUs = (cgroupCpuUs(cgroup) - start.cpuUs) / (agent.acknowledged - start.records);
    let within: DurableIngest['within'];
    for (const share of SHARES) {
      agent.pace(most.perSecond.value * share);
      await pause(WARM_MS);
      const paced = await queried(agent, asker, seconds);
      if (paced.queryMs.p99.value > withinMs) continue;
      within = { ...paced, share };
      break;
    }
    await agent.finish();
    const records = agent.acknowledged;
    const resting: number[] = [];
    for (let i = 0; i < 10; i++) resting.push(await asker.ask());
    await asker.end();
    agent.close();
    await endProcess(child);
    return {
      most,
      cpuUs,
      within,
      restingQueryMs: bootstrapMedian(resting),
      records,
      diskBytesPerRecord: sizeOf(join(data, 'records')) / records,
    };
  } finally {
    scratch.remove();
  }
}

async function queried(agent: FakeAgent, asker: Asker, seconds: number): Promise<QueriedIngest> {
  const rates: number[] = [];
  const queries: number[] = [];
  for (let second = 0; second < seconds; second++) {
    const before = { records: agent.acknowledged, ms: performance.now() };
    const asked = asker.ask();
    await pause(1_000);
    queries.push(await asked);
    rates.push(((agent.acknowledged - before.records) * 1_000) / (performance.now() - before.ms));
  }
  return {
    perSecond: bootstrapMedian(rates),
    queryMs: { p50: bootstrapMedian(queries), p99: bootstrapQuantile(queries, 0.99) },
  };
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
