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

/** What a whole collector did with all that one agent could send. */
export interface DurableIngest {
  /** Records made durable per second, second by second. */
  readonly perSecond: Estimate;
  /** CPU of the collector, all threads, microseconds per record. */
  readonly cpuUs: number;
  /** Latency of one topology query per second meanwhile, ms. */
  readonly busyQueryMs: { readonly p50: Estimate; readonly p99: Estimate };
  /** The same once it rests, ms, and how many records were then stored. */
  readonly restingQueryMs: Estimate;
  readonly records: number;
  readonly diskBytesPerRecord: number;
}

/** Runs a collector with its embedded store and sends it frames for so many seconds. */
export async function measureDurableIngest(testbed: Testbed, seconds: number): Promise<DurableIngest> {
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
    await pause(1_500); // warm-up
    const start = { records: agent.acknowledged, cpuUs: cgroupCpuUs(cgroup) };
    const rates: number[] = [];
    const queries: number[] = [];
    for (let second = 0; second < seconds; second++) {
      const before = { records: agent.acknowledged, ms: performance.now() };
      const asked = asker.ask();
      await pause(1_000);
      queries.push(await asked);
      rates.push(((agent.acknowledged - before.records) * 1_000) / (performance.now() - before.ms));
    }
    const cpuUs = (cgroupCpuUs(cgroup) - start.cpuUs) / (agent.acknowledged - start.records);
    await agent.finish();
    const records = agent.acknowledged;
    const resting: number[] = [];
    for (let i = 0; i < 10; i++) resting.push(await asker.ask());
    await asker.end();
    agent.close();
    await endProcess(child);
    return {
      perSecond: bootstrapMedian(rates),
      cpuUs,
      busyQueryMs: { p50: bootstrapMedian(queries), p99: bootstrapQuantile(queries, 0.99) },
      restingQueryMs: bootstrapMedian(resting),
      records,
      diskBytesPerRecord: sizeOf(join(data, 'records')) / records,
    };
  } finally {
    scratch.remove();
  }
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
