// SPDX-License-Identifier: Apache-2.0
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ABI_VERSION, HTTP_RECORD_SIZES } from '@undermesh/bpf-abi';
import { createLogger } from '@undermesh/core';
import type { KubernetesSource } from '@undermesh/mesh';
import type { Command, Hello, Hook, MapUse, Report } from '@undermesh/schema';
import type { AgentConfig } from './config/schema.js';
import { orderFile } from './engine/kept-order.js';
import { makeCluster, makeSteered, meshSnapshot, ownWaypointCgroup, type Steered } from './engine/make.js';
import { Orders } from './engine/orders.js';
import type { AgentSnapshot } from './http/metrics.js';
import { Identity } from './identity/identity.js';
import { Workloads } from './identity/workloads.js';
import { clockPairNs, EngineStore, type Observe, type Scope } from './kernel/index.js';
import { Legs } from './legs/index.js';
import { Listeners } from './listeners/listeners.js';
import { type Loaded, loadKernel, readFeatures } from './loading.js';
import { Loop } from './loop.js';
import { ServiceNames } from './mesh/index.js';
import { openConnections } from './open-connections.js';
import { Backlog } from './records/backlog.js';
import { Drain, type OverflowReason } from './records/drain.js';
import { FrameBuilder, FrameMemory } from './records/frame-builder.js';
import { balance, countsSince, type KernelCounts, type Ledger } from './records/ledger.js';
import { makeReport } from './report.js';
import { EarlierRuns } from './spool/earlier-runs.js';
import { OwnSpool } from './spool/own-spool.js';
import { takeOver } from './takeover.js';
import { Membership } from './tls/membership.js';
import type { UplinkAccess } from './uplink/access.js';
import { dictionarySource } from './uplink/dictionary.js';
import { isLoopback, portOf } from './uplink/endpoint.js';
import { Uplink } from './uplink/uplink.js';
import { agentVersion } from './version.js';

/** What a running agent is made of. */
export interface Parts {
  readonly scope: Scope;
  readonly observe: Observe;
  readonly drain: Drain;
  readonly uplink: Uplink;
  /** By what right it connects. */
  readonly membership: Membership;
  readonly loop: Loop;
  readonly earlier: EarlierRuns;
  readonly orders: Orders;
  readonly steered: Steered;
  /** A consistent look at all counters. */
  snapshot(): AgentSnapshot;
  /** Has the disk keep what was not acknowledged, for the next run. */
  leave(): Promise<void>;
  /** Takes everything out of the kernel but the engine: that outlives the agent, unless it was new and its start `failed`. */
  remove(failed: boolean): void;
}

/** Attaches and puts an agent together: everything, or an UndermeshError and nothing. */
export function makeParts(config: AgentConfig): Parts {
  const kernel = loadKernel(config);
  try {
    return assemble(config, kernel);
  } catch (error) {
    kernel.observe.close({ last: false, failed: true });
    if (kernel.store?.isNew) EngineStore.remove(config.pinDirectory, config.instance || config.node);
    kernel.lock.release();
    throw error;
  }
}

function assemble(config: AgentConfig, { observe, store, scope, lock, objects }: Loaded): Parts {
  const startedAtMs = Date.now();
  const streamId = randomBytes(16);
  const bootId = readBootId();
  const workloads = new Workloads();
  const services = new ServiceNames();
  const cluster = makeCluster(config);
  const identity = makeIdentity(config, { workloads, scope, observe, cluster });
  const { url } = config.collector;
  const collector = isLoopback(url) ? { port: portOf(url), name: 'undermesh-collector' } : undefined;
  const listeners = new Listeners({ identity, collector });
  const memory = new FrameMemory();
  const builder = new FrameBuilder(streamId, { memory });
  const requests = config.http
    ? HTTP_RECORD_SIZES.map((recordBytes) => new FrameBuilder(streamId, { memory, recordBytes }))
    : undefined;
  const disk = new OwnSpool(config, { streamId, names: { workloads, services }, clock: clockPairNs });
  const backlog = new Backlog(config.memoryBytes, {
    onFree: (message) => memory.give(message),
    onRelease: (place) => disk.release(place),
    onStarved: () => disk.load(() => uplink.pump()),
  });
  disk.use(backlog);
  const overflow = (): OverflowReason => (disk.refuses ? 'spool_full' : 'agent_memory');
  const drain = new Drain({
    source: observe.records,
    builder,
    ...(requests === undefined ? {} : { requests }),
    backlog,
    identity,
    clock: clockPairNs,
    overflow,
    onRecord: (words, at, http) => legs?.watch(words, at, http),
  });
  const cgroup = ownWaypointCgroup(config, scope);
  const legs: Legs | undefined =
    cgroup === null
      ? undefined
      : new Legs({
          cgroupId: cgroup,
          isTimed: () => observe.http === true,
          streamId,
          memory,
          clock: clockPairNs,
          pass: (frame) => drain.pass(frame),
          isWanted: () => uplink.takesLegs,
        });
  const membership = new Membership(config);
  const uplinkOptions = {
    url,
    access: () => membership.access(),
    onRefused: (code: string, by: UplinkAccess) => membership.refused(code, by),
    clock: clockPairNs,
    maxBackoffMs: config.collector.maxBackoff || (isLoopback(url) ? 5_000 : 30_000),
    log: createLogger('uplink'),
    onCommand: (command: Command, collectorNowMs: number) => void orders.take(command, collectorNowMs),
  };
  const steered = makeSteered(config, {
    store,
    observe,
    objects,
    scope,
    cluster,
    names: services,
    requests: legs?.lines ?? null,
    onNativeAvailable: () => void orders.again(),
  });
  const orders: Orders = new Orders({
    control: steered.control,
    file: orderFile(config),
    configured: config.engine.default,
    ...(steered.nodeLabel === undefined ? {} : { nodeLabel: steered.nodeLabel }),
    onOutcome: () => uplink.report(loop.report()),
    log: createLogger('engine'),
  });
  const self = makeHello(config, bootId);
  const hello = (): Hello => ({ ...self, engine: orders.report() });
  const uplink = new Uplink({
    ...uplinkOptions,
    hello,
    streamId,
    backlog,
    dictionary: dictionarySource({ workloads, services, listeners }),
    onNewCollector: () => observe.announceAgain(),
  });

  const features = readFeatures();
  const snapshot = (): AgentSnapshot => {
    const counts = countsSince(beginning.origin, observe.totals());
    const ledger = balance(counts, {
      acknowledged: backlog.acknowledgedEnds,
      held: backlog.ends + builder.ends,
      lost: { ...drain.endsLost, invalid: backlog.damagedEnds },
    });
    const { records } = observe;
    return {
      ledger,
      legs: legs?.balance,
      requests: requests === undefined ? undefined : requestLedger(counts, { drain, backlog, requests }),
      counts,
      recordsRead: drain.recordsRead,
      recordsDropped: drain.recordsLost,
      recordsSkipped: drain.recordsSkipped,
      ring: {
        sizeBytes: records.sizeBytes,
        filledBytes: records.availableBytes,
        peakFilledBytes: drain.peakBytes,
      },
      lateSeconds: loop.lateSeconds,
      backlog: { frames: backlog.frames, bytes: backlog.bytes, limitBytes: config.memoryBytes },
      spool: {
        frames: backlog.spooledFrames,
        bytes: disk.space.usedBytes,
        limitBytes: disk.space.limitBytes,
        refuses: disk.refuses,
        earlierStreams: earlier.unfinished.length,
      },
      uplink,
      helperErrors: [...observe.helperErrors(), ...(steered.engine?.helperErrors() ?? [])],
      open: openConnections(
        { ...counts, endsEmitted: counts.endsEmitted - beginning.left },
        { failed: drain.failed - beginning.failed, adopted: drain.adopted - beginning.adopted },
      ),
      workloads: workloads.size,
      listeners: listeners.size,
      hooks: loop.hooks,
      maps: loop.maps,
      orders: orders.counts,
      mesh: meshSnapshot(steered),
    };
  };
  /** Of nodes that have the module, or ought to. */
  const nativeNews = (): Report['native'] => {
    const { engine, native } = steered;
    const { desired, observed } = orders.report();
    const concerned = engine?.native.module.loaded || [desired, observed].includes('kernel-native');
    return concerned ? native?.next(uplink.welcomes, performance.now()) : undefined;
  };
  const report = (kernel: { hooks: Hook[]; maps: MapUse[] }): Report =>
    makeReport({
      ...snapshot(),
      ...kernel,
      engine: orders.report(),
      native: uplink.state === 'welcomed' ? nativeNews() : undefined,
      features: {
        ...features,
        http_latency: observe.http,
        ...steered.engine?.extras,
      },
      startedAtMs,
      scope: { cgroup: scope.path, wholeHost: scope.wholeHost },
    });
  const loop: Loop = new Loop({
    observe,
    steered,
    drain,
    legs,
    uplink,
    listeners,
    spool: disk,
    programStatistics: config.programStatistics,
    log: createLogger('records'),
    intervals: {
      busyMs: config.drain.busy,
      idleMs: config.drain.idle,
      lookMs: config.lookInterval,
      listenersMs: config.listenerInterval,
    },
    report,
  });
  const earlier = new EarlierRuns({
    streams: disk.earlier,
    uplink: ({ unfinished, ...own }) =>
      new Uplink({
        ...uplinkOptions,
        ...own,
        hello: () => ({ ...hello(), unfinished: [...unfinished] }),
        onNewCollector: () => {},
      }),
    report: (books) => ({ ...loop.report(), ...books }),
    succeeded: () => uplink.welcomes > 0,
    memoryBytes: config.memoryBytes,
    log: createLogger('spool'),
  });

  const beginning = takeOver({ observe, drain, backlog });
  observe.attach();
  steered.engine?.recordRefused(observe.ends);
  const { endsEmitted, endsLostRingFull: ringFull, httpRequests, httpRequestsLost } = beginning.origin;
  const made = { made: endsEmitted + ringFull, ringFull, requests: httpRequests + httpRequestsLost };
  disk.begin({ startedAtMs, origin: { bootId, totalsId: observe.totalsId, ...made } });
  const leave = async (): Promise<void> => {
    await earlier.stop();
    const { ledger, requests: of } = snapshot();
    await disk.leave({ made: ledger.made, lost: ledger.lost, requests: of?.made ?? 0 });
  };
  const remove = (failed: boolean): void => {
    steered.engine?.recordRefused(null);
    steered.engine?.close();
    if (failed && store?.isNew) EngineStore.remove(config.pinDirectory, config.instance || config.node);
    observe.close({ last: lock.last });
    lock.release();
  };
  return {
    scope,
    observe,
    drain,
    uplink,
    membership,
    loop,
    earlier,
    orders,
    steered,
    snapshot,
    leave,
    remove,
  };
}

function makeIdentity(
  config: AgentConfig,
  on: { workloads: Workloads; scope: Scope; observe: Observe; cluster: KubernetesSource | undefined },
): Identity {
  const identity = new Identity(on.workloads, {
    rules: config.identity,
    systemCgroups: config.systemCgroups,
    mount: on.scope.mount,
    scope: on.scope.path,
    tail: (cgroupId) => on.observe.cgroupTail(cgroupId),
    ...(on.cluster === undefined ? {} : { pods: on.cluster.pods }),
  });
  identity.addSystemProcess(process.pid, 'undermesh-agent');
  for (const entry of config.systemProcesses) {
    const [name = '', pid = ''] = entry.split('=');
    identity.addSystemProcess(Number(pid), name);
  }
  return identity;
}

/** Where the requests are. Those that still wait in the kernel for their record are not made yet. */
function requestLedger(
  counts: KernelCounts,
  own: { readonly drain: Drain; readonly backlog: Backlog; readonly requests: readonly FrameBuilder[] },
): Ledger {
  const { drain, backlog, requests } = own;
  drain.book.settle(backlog.acknowledgedSequence);
  const { acknowledged, held, lost } = drain.book;
  const unsealed = requests.reduce((sum, builder) => sum + builder.requests, 0);
  return balance(
    { endsEmitted: counts.httpRequests, endsLostRingFull: counts.httpRequestsLost },
    { acknowledged, held: held + unsealed, lost },
  );
}

const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

const makeHello = (config: AgentConfig, bootId: string): Hello => ({
  node: config.node,
  cluster: config.cluster,
  agentVersion: agentVersion(),
  instance: randomUUID(),
  bootId,
  abiVersion: ABI_VERSION,
  labels: config.labels,
});
