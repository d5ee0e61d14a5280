// SPDX-License-Identifier: Apache-2.0
// Nodes of an invented mesh, and the state of its collector.
import { engineOfNode } from './mock-engines.mjs';
import { addCounts, swing } from './mock-traffic.mjs';
import {
  COLLECTOR_STARTED,
  edgeOf,
  hex,
  iso,
  isPartial,
  noise,
  SILENT_MS,
  silentNodes,
  worldOf,
} from './mock-world.mjs';

const FEATURES = {
  sockops: true,
  sk_storage: true,
  ring_buffer: true,
  iter_tcp: true,
  cgroup_connect: true,
  program_statistics: true,
  struct_ops: 'the kernel refuses it: CONFIG_BPF_JIT is off for modules',
};
const hook = (name, type, attachedTo, programId, calls, nsPerCall) => ({
  name,
  type,
  attachedTo,
  attached: true,
  programId,
  tag: hex(programId, 16),
  loadedAtMs: COLLECTOR_STARTED,
  runTimeNs: calls * nsPerCall,
  runCount: calls,
});

export const nodes = (now, state) => {
  if (state === 'empty') return { items: [], next: null };
  const world = worldOf(state);
  return {
    items: world.nodes.map((name, i) => {
      const silent = silentNodes(state).includes(name);
      const at = silent ? now - SILENT_MS : now - 400;
      const made = Math.round(((at - COLLECTOR_STARTED) / 1000) * (70 + 22 * i));
      const lost = i === 1 && state === 'loss' ? { ring_full: 412 } : {};
      const lostSum = Object.values(lost).reduce((sum, count) => sum + count, 0);
      const waiting = silent ? 0 : 12 + i;
      return {
        name,
        cluster: state === 'many' ? 'prod-eu' : 'demo',
        state: silent ? 'silent' : 'reporting',
        lastSeenAt: iso(at),
        connectedAt: silent ? null : iso(COLLECTOR_STARTED + 60_000),
        agent: {
          version: '0.1.0',
          startedAt: iso(COLLECTOR_STARTED + 30_000),
          rssBytes: 61_000_000 + i * 2_400_000,
          cpuShare: silent ? null : 0.0031 + 0.0012 * i,
          workloads: 5 + i,
          listeners: 9 + i,
        },
        scope: { cgroup: i === 0 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/shop', wholeHost: i === 0 },
        kernel: {
          release: i === 2 ? '6.1.0-31-amd64' : '6.12.38-amd64',
          architecture: 'x86_64',
          features: FEATURES,
        },
        labels: {},
        engine: engineOfNode(name, now, state),
        hooks: [
          hook('observe_sockops', 'sock_ops', '/sys/fs/cgroup', 412 + i, made * 6, 212 + 9 * i),
          hook('observe_connect4', 'cgroup_sock_addr', '/sys/fs/cgroup', 413 + i, made, 96),
          hook('observe_connect6', 'cgroup_sock_addr', '/sys/fs/cgroup', 414 + i, Math.round(made / 40), 101),
          ...(i === 2
            ? []
            : [
                hook('follow_sockops', 'sock_ops', '4 cgroups', 421 + i, made * 4, 180),
                hook('show_peername4', 'cgroup_sock_addr', '4 cgroups', 423 + i, 1200, 120),
                hook('steer_connect4', 'cgroup_sock_addr', '4 cgroups', 425 + i, made, 412),
              ]),
          hook('adopt_sockets', 'tracing', 'iter/tcp', 415 + i, 2, 48_000),
          { ...hook('walk_open', 'tracing', 'iter/bpf_sk_storage_map', 416 + i, 3480, 21_000) },
        ],
        bpfCpuShare: silent ? null : 0.0012 + 0.0003 * i,
        maps: [
          { name: 'records', type: 'ringbuf', maxEntries: 4_194_304, memoryBytes: 4_202_496 },
          {
            name: 'connection_of_socket',
            type: 'sk_storage',
            entries: 412 + 90 * i,
            maxEntries: 65_536,
            memoryBytes: 9_200_000,
          },
          {
            name: 'edge_counters',
            type: 'percpu_hash',
            entries: 61 + i,
            maxEntries: 8192,
            memoryBytes: 1_900_000,
          },
          { name: 'workload_of_cgroup', type: 'hash', entries: 3700, maxEntries: 4096, memoryBytes: 620_000 },
          {
            name: 'helper_errors',
            type: 'hash',
            entries: i === 1 ? 1 : 0,
            maxEntries: 256,
            memoryBytes: 31_000,
          },
        ],
        ring: { sizeBytes: 4_194_304, filledBytes: 18_432 * (i + 1), peakFilledBytes: 812_000 * (i + 1) },
        helperErrors: i === 1 ? [{ site: 'sk_storage_get', errno: 'ENOMEM', count: 3 }] : [],
        records: {
          made,
          received: made - waiting - lostSum,
          stored: made - waiting - lostSum,
          waiting,
          lost,
        },
        requests: null,
        legs: null,
        connections: {
          open: silent ? null : 1840 + 310 * i,
          openedPerSecond: silent ? null : 36.4 / (1 + i / 4),
          connects: silent ? null : Math.round(made / 2),
        },
        clockSkewMs: silent ? null : i === 1 ? 1840 : 12,
      };
    }),
    next: null,
  };
};

export const status = (now, state) => {
  const all = nodes(now, state).items;
  const sum = (key) => all.reduce((total, node) => total + node.records[key], 0);
  const lost = all.map((node) => node.records.lost).reduce(addCounts, {});
  const edgesNow = state === 'empty' ? [] : worldOf(state).edges.map(edgeOf);
  const rate =
    edgesNow.reduce((total, edge) => total + edge.rate * swing(edge.port, now), 0) *
    (isPartial(state) ? 0.66 : 1);
  const wobble = 0.8 + 0.4 * noise(Math.floor(now / 1000));
  return {
    version: '0.1.0',
    cluster: state === 'many' ? 'prod-eu' : 'demo',
    startedAt: iso(COLLECTOR_STARTED),
    now: iso(now),
    nodes: {
      total: all.length,
      reporting: all.filter((node) => node.state === 'reporting').length,
      silent: all
        .filter((node) => node.state === 'silent')
        .map(({ name, lastSeenAt }) => ({ name, lastSeenAt })),
    },
    records: {
      made: sum('made'),
      received: sum('received'),
      stored: sum('stored'),
      waiting: sum('waiting'),
      lost,
    },
    requests: null,
    rates: { connectionsPerSecond: rate * wobble, recordsPerSecond: rate * 2 * wobble },
    openConnections: Math.round(rate * 1.7),
    store: {
      driver: 'duckdb',
      state: 'ok',
      message: null,
      rows: sum('stored'),
      bytes: sum('stored') * 31,
      oldest: all.length === 0 ? null : iso(COLLECTOR_STARTED + 61_000),
      retentionSeconds: 604_800,
    },
    observerCpuShare:
      all.length === 0
        ? null
        : all.reduce((total, node) => total + (node.agent.cpuShare ?? 0) + (node.bpfCpuShare ?? 0), 0),
    firstRecordAt: all.length === 0 || state === 'waiting' ? null : iso(COLLECTOR_STARTED + 61_000),
  };
};
