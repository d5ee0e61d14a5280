// SPDX-License-Identifier: Apache-2.0
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ABI_VERSION } from '@undermesh/bpf-abi';
import { createLogger } from '@undermesh/core';
import type { Hello, Report } from '@undermesh/schema';
import type { AgentConfig } from './config/schema.js';
import type { AgentSnapshot } from './http/metrics.js';
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
  type Scope,
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

/** What a running agent is made of. */
export interface Parts {
  readonly scope: Scope;
  readonly observe: Observe;
  readonly drain: Drain;
  readonly uplink: Uplink;
  readonly loop: Loop;
  /** A consistent look at all counters. */
  snapshot(): AgentSnapshot;
  /** Takes everything out of the kernel. */
  remove(): void;
}

/** Attaches and puts an agent together: everything, or an UndermeshError and nothing. */
export function makeParts(config: AgentConfig): Parts {
  const { observe, scope, lock } = attach(config);
  const startedAtMs = Date.now();
  const streamId = randomBytes(16);
  const workloads = new Workloads();
  const identity = makeIdentity(config, { workloads, scope, observe });
  const { url } = config.collector;
  const collector = isLoopback(url) ? { port: portOf(url), name: 'undermesh-collector' } : undefined;
  const listeners = new Listeners({ identity, collector });
  const builder = new FrameBuilder(streamId);
  const backlog = new Backlog(config.memoryBytes, (message) => builder.reuse(message));
  const drain = new Drain({ source: observe.records, builder, backlog, identity, clock: clockPairNs });
  const uplink = new Uplink({
    url,
    credential: () => readCredential(config.collector.credentialFile),
    hello: makeHello(config),
    streamId,
    backlog,
    dictionary: dictionarySource(workloads, listeners),
    clock: clockPairNs,
    onNewCollector: () => observe.announceAgain(),
    maxBackoffMs: config.collector.maxBackoff || (isLoopback(url) ? 5_000 : 30_000),
    log: createLogger('uplink'),
  });

  const features = readFeatures();
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
      }),
  });
  const remove = (): void => {
    observe.close({ last: lock.last });
    lock.release();
  };
  return { scope, observe, drain, uplink, loop, snapshot, remove };
}

/** Checks, locks, loads. */
function attach(config: AgentConfig): { observe: Observe; scope: Scope; lock: InstanceLock } {
  preflight();
  const scope = resolveScope(config.cgroup);
  const objectFile = observeObject(config.objectFile);
  const lock = new InstanceLock(config.runDirectory, config.instance || config.node);
  try {
    const observe = new Observe({
      objectFile,
      scope,
      ringBytes: config.ringBytes,
      progressIntervalMs: config.progressInterval,
      programStatistics: config.programStatistics,
      pinDirectory: config.pinDirectory,
    });
    return { observe, scope, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function makeIdentity(
  config: AgentConfig,
  on: { workloads: Workloads; scope: Scope; observe: Observe },
): Identity {
  const identity = new Identity(on.workloads, {
    rules: config.identity,
    systemCgroups: config.systemCgroups,
    mount: on.scope.mount,
    scope: on.scope.path,
    tail: (cgroupId) => on.observe.cgroupTail(cgroupId),
  });
  identity.addSystemProcess(process.pid, 'undermesh-agent');
  for (const entry of config.systemProcesses) {
    const [name = '', pid = ''] = entry.split('=');
    identity.addSystemProcess(Number(pid), name);
  }
  return identity;
}

const makeHello = (config: AgentConfig): Hello => ({
  node: config.node,
  cluster: config.cluster,
  agentVersion: agentVersion(),
  instance: randomUUID(),
  bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  abiVersion: ABI_VERSION,
});

function readFeatures(): Report['kernel']['features'] {
  const features: Report['kernel']['features'] = {};
  for (const [name, { available, reason }] of Object.entries(kernelFeatures())) {
    features[name] = available || reason;
  }
  return features;
}

function agentVersion(): string {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  return version;
}
