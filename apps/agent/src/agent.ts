// SPDX-License-Identifier: Apache-2.0
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ABI_VERSION } from '@undermesh/bpf-abi';
import { createLogger, Lifecycle, setLogLevel } from '@undermesh/core';
import type { Report } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import type { AgentConfig } from './config/schema.js';
import { AgentMetrics, type AgentSnapshot } from './http/metrics.js';
import { createHttp, listen, type Readiness } from './http/server.js';
import { Identity } from './identity/identity.js';
import { Workloads } from './identity/workloads.js';
import {
  clockPairNs,
  InstanceLock,
  kernelFeatures,
  Observe,
  observeObject,
  preflight,
  resolveScope,
} from './kernel/index.js';
import { Listeners } from './listeners/listeners.js';
import { Loop } from './loop.js';
import { openConnections } from './open-connections.js';
import { Backlog } from './records/backlog.js';
import { Drain } from './records/drain.js';
import { FrameBuilder } from './records/frame-builder.js';
import { balance } from './records/ledger.js';
import { makeReport } from './report.js';
import { readCredential } from './uplink/credential.js';
import { dictionarySource } from './uplink/dictionary.js';
import { isLoopback, portOf } from './uplink/endpoint.js';
import { Uplink } from './uplink/uplink.js';

/** An agent: observes from {@link start} to {@link stop}. */
export interface Agent {
  /** Attaches, then begins to send. Rejects with an UndermeshError; nothing stays behind then. */
  start(): Promise<void>;
  /** Detaches, sends what is left while the collector takes it (up to 3 s), removes everything. Never rejects. */
  stop(): Promise<void>;
  /** Starts, and stops at SIGTERM, SIGINT, or with `supervised` at the end of the parent. Resolves with the reason. */
  run(): Promise<string>;
  /** Port of /metrics, once started. */
  readonly port: number;
  /** A consistent look at what it counts. */
  snapshot(): AgentSnapshot;
  readiness(): Readiness;
}

/** How an agent is embedded. */
export interface AgentOptions {
  /** Stop when the parent process goes away. */
  readonly supervised?: boolean;
}

/** How long a stopping agent waits for the collector. */
const FLUSH_MS = 3_000;

/** Makes an agent from a configuration ({@link loadAgentConfig}). Nothing happens before {@link Agent.start}. */
export function createAgent(config: AgentConfig, options: AgentOptions = {}): Agent {
  return new NodeAgent(config, options);
}

class NodeAgent implements Agent {
  readonly #log = createLogger('agent');
  readonly #lifecycle: Lifecycle;
  #parts: Parts | undefined;
  port = 0;

  constructor(config: AgentConfig, options: AgentOptions) {
    setLogLevel(config.logLevel);
    this.#lifecycle = new Lifecycle({ log: this.#log, supervised: options.supervised ?? false });
    this.#lifecycle.add({
      name: 'kernel',
      start: () => {
        this.#parts = makeParts(config);
        this.#log.info({ cgroup: this.#parts.scope.directory, node: config.node }, 'attached');
      },
      stop: () => this.#parts?.remove(),
    });
    let http: FastifyInstance | undefined;
    this.#lifecycle.add({
      name: 'http',
      start: async () => {
        const metrics = new AgentMetrics(() => this.snapshot());
        http = createHttp({ metrics, readiness: () => this.readiness() });
        this.port = await listen(http, config.listen);
      },
      stop: () => http?.close(),
    });
    this.#lifecycle.add({
      name: 'records',
      start: () => {
        this.#parts?.uplink.start();
        this.#parts?.loop.start();
      },
      stop: () => this.#finish(),
    });
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  run(): Promise<string> {
    return this.#lifecycle.run();
  }

  snapshot(): AgentSnapshot {
    return this.#started().snapshot();
  }

  readiness(): Readiness {
    const parts = this.#parts;
    if (parts === undefined) return { ready: false, reasons: ['not started'] };
    const reasons = parts.loop.hooks
      .filter(({ attached }) => !attached)
      .map(({ name }) => `${name} is not attached`);
    if (parts.uplink.state !== 'welcomed')
      reasons.push(`no collector: ${parts.uplink.problem ?? 'connecting'}`);
    return { ready: reasons.length === 0, reasons };
  }

  /** Detached first: no end is made that nobody would read. */
  async #finish(): Promise<void> {
    const { observe, loop, uplink, drain } = this.#started();
    await loop.stop();
    observe.detach();
    drain.run(performance.now());
    drain.cut();
    const flushed = await uplink.flush(FLUSH_MS);
    uplink.report(loop.report());
    const { ledger } = this.snapshot();
    if (!flushed) this.#log.warn({ waiting: ledger.waiting }, 'stopped before the collector had everything');
    await uplink.stop();
    this.#log.info({ ...ledger }, 'stopped');
  }

  #started(): Parts {
    if (this.#parts === undefined) throw new Error('the agent has not been started');
    return this.#parts;
  }
}

type Parts = ReturnType<typeof makeParts>;

/** Puts the agent together: everything that attaches, or nothing. */
function makeParts(config: AgentConfig) {
  preflight();
  const scope = resolveScope(config.cgroup);
  const objectFile = observeObject(config.objectFile);
  const lock = new InstanceLock(config.runDirectory, config.instance || config.node);
  let observe: Observe;
  try {
    observe = new Observe({
      objectFile,
      scope,
      ringBytes: config.ringBytes,
      progressIntervalMs: config.progressInterval,
      programStatistics: config.programStatistics,
      pinDirectory: config.pinDirectory,
    });
  } catch (error) {
    lock.release();
    throw error;
  }
  const startedAtMs = Date.now();
  const streamId = randomBytes(16);
  const workloads = new Workloads();
  const identity = new Identity(workloads, {
    rules: config.identity,
    systemCgroups: config.systemCgroups,
    mount: scope.mount,
    scope: scope.path,
    tail: (cgroupId) => observe.cgroupTail(cgroupId),
  });
  identity.addSystemProcess(process.pid, 'undermesh-agent');
  for (const entry of config.systemProcesses) {
    const [name = '', pid = ''] = entry.split('=');
    identity.addSystemProcess(Number(pid), name);
  }
  const { url } = config.collector;
  const collector = isLoopback(url) ? { port: portOf(url), name: 'undermesh-collector' } : undefined;
  const listeners = new Listeners({ identity, collector });
  const backlog = new Backlog(config.memoryBytes);
  const builder = new FrameBuilder(streamId);
  const drain = new Drain({ source: observe.records, builder, backlog, identity, clock: clockPairNs });
  const uplink = new Uplink({
    url,
    credential: () => readCredential(config.collector.credentialFile),
    hello: {
      node: config.node,
      cluster: config.cluster,
      agentVersion: agentVersion(),
      instance: randomUUID(),
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      abiVersion: ABI_VERSION,
    },
    streamId,
    backlog,
    dictionary: dictionarySource(workloads, listeners),
    clock: clockPairNs,
    onNewCollector: () => observe.announceAgain(),
    maxBackoffMs: config.collector.maxBackoff || (isLoopback(url) ? 5_000 : 30_000),
    log: createLogger('uplink'),
  });
  const features = Object.fromEntries(
    Object.entries(kernelFeatures()).map(([name, { available, reason }]) => [name, available || reason]),
  ) as Report['kernel']['features'];

  const snapshot = (): AgentSnapshot => {
    const counts = observe.totals();
    const ledger = balance(counts, {
      acknowledged: backlog.acknowledgedEnds,
      inMemory: backlog.ends + builder.ends,
      lostMemory: drain.endsLost,
    });
    const { records } = observe;
    return {
      ledger,
      counts,
      recordsRead: drain.recordsRead,
      recordsDropped: drain.recordsLost,
      recordsSkipped: drain.recordsSkipped,
      ring: {
        sizeBytes: records.sizeBytes,
        filledBytes: records.availableBytes,
        peakFilledBytes: drain.peakBytes,
      },
      backlog: { frames: backlog.frames, bytes: backlog.bytes, limitBytes: config.memoryBytes },
      uplink,
      helperErrors: observe.helperErrors(),
      open: openConnections(counts, drain),
      workloads: workloads.size,
      listeners: listeners.size,
      hooks: loop.hooks,
    };
  };
  const loop: Loop = new Loop({
    observe,
    drain,
    uplink,
    listeners,
    log: createLogger('records'),
    intervals: {
      busyMs: config.drain.busy,
      idleMs: config.drain.idle,
      lookMs: config.lookInterval,
      listenersMs: config.listenerInterval,
    },
    report: ({ hooks, maps }) =>
      makeReport({
        ...snapshot(),
        features,
        hooks,
        maps,
        startedAtMs,
        scope: { cgroup: scope.path, wholeHost: scope.wholeHost },
        helperErrors: observe.helperErrors(),
      }),
  });
  const remove = (): void => {
    observe.close({ last: lock.last });
    lock.release();
  };
  return { scope, observe, drain, uplink, loop, snapshot, remove };
}

function agentVersion(): string {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  return version;
}
