// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setLogLevel } from '@undermesh/core';
import Value from 'typebox/value';
import { Collector } from '../../src/collector.js';
import { CollectorConfig } from '../../src/config.js';
import type { SharedLog } from '../../src/control/cluster/shared-log.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import type { RecordStore } from '../../src/store/store.js';
import { FakeAgent, type FakeAgentOptions } from '../../test-support/index.js';

setLogLevel('error');

type Deep<T> = { [K in keyof T]?: T[K] extends object ? Deep<T[K]> : T[K] };

export interface TestCollector {
  readonly collector: Collector;
  readonly url: string;
  /** An agent with a fresh credential for its node. */
  agent(node: string, change?: Partial<FakeAgentOptions>): FakeAgent;
  get<T>(path: string, headers?: Record<string, string>): Promise<T>;
  stop(): Promise<void>;
}

export function testConfig(change: Deep<CollectorConfig> = {}): CollectorConfig {
  const data = mkdtempSync(join(tmpdir(), 'undermesh-collector-'));
  const config = Value.Default(CollectorConfig, { data, ...change, listen: { port: 0, ...change.listen } });
  return Value.Parse(CollectorConfig, config);
}

/** A real collector on a free port, with the memory store unless another is given. */
export async function startCollector(
  change: Deep<CollectorConfig> = {},
  store: RecordStore = new MemoryStore(),
  control: SharedLog | null = null,
): Promise<TestCollector> {
  const config = testConfig(change);
  const collector = new Collector({ config, store, control });
  const url = await collector.start();
  await collector.rebuilt;
  const agents: FakeAgent[] = [];
  return {
    collector,
    url,
    agent(node, options = {}) {
      const agent = new FakeAgent({ url, node, credential: collector.credentials.create(node), ...options });
      agents.push(agent);
      return agent;
    },
    async get<T>(path: string, headers: Record<string, string> = {}) {
      const response = await fetch(`${url}${path}`, { headers });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      const type = response.headers.get('content-type') ?? '';
      return (type.includes('json') ? response.json() : response.text()) as Promise<T>;
    },
    async stop() {
      for (const agent of agents) agent.kill();
      await collector.stop();
    },
  };
}

/** Waits until a check passes; its last failure is what is thrown. */
export async function eventually<T>(check: () => Promise<T> | T, timeoutMs = 60_000): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
