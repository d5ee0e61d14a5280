// SPDX-License-Identifier: Apache-2.0
// Nodes, and the state of the collector.
import { type Static, Type } from 'typebox';
import { Labels, NodeEngine } from '../engines.js';
import { Hook, LegBalance, LossCounts, MapUse } from '../messages.js';
import { Count, literals, Nullable, Time } from '../shape.js';

/** HTTP requests by what became of them, one for each end that saw them: made = stored + lost + waiting. */
export const RequestBalance = Type.Object({
  made: Count,
  received: Count,
  stored: Count,
  waiting: Count,
  lost: LossCounts,
});
export type RequestBalance = Static<typeof RequestBalance>;

/** GET /nodes */
export const Node = Type.Object({
  name: Type.String(),
  cluster: Type.String(),
  state: literals(['reporting', 'silent', 'never'] as const),
  lastSeenAt: Nullable(Time),
  connectedAt: Nullable(Time),
  agent: Nullable(
    Type.Object({
      version: Type.String(),
      startedAt: Time,
      rssBytes: Count,
      /** Share of one core over the last minute, 0.01 = 1 %. */
      cpuShare: Nullable(Type.Number()),
      workloads: Count,
      listeners: Count,
    }),
  ),
  scope: Nullable(Type.Object({ cgroup: Type.String(), wholeHost: Type.Boolean() })),
  kernel: Nullable(
    Type.Object({
      release: Type.String(),
      architecture: Type.String(),
      features: Type.Record(Type.String(), Type.Union([Type.Literal(true), Type.String()])),
    }),
  ),
  labels: Labels,
  engine: NodeEngine,
  hooks: Type.Array(Hook),
  /** Share of one core that the eBPF programs took over the last minute; `null` without program statistics. */
  bpfCpuShare: Nullable(Type.Number()),
  maps: Type.Array(MapUse),
  ring: Nullable(Type.Object({ sizeBytes: Count, filledBytes: Count, peakFilledBytes: Count })),
  helperErrors: Type.Array(Type.Object({ site: Type.String(), errno: Type.String(), count: Count })),
  records: Type.Object({ made: Count, received: Count, stored: Count, waiting: Count, lost: LossCounts }),
  /** `null`: its agent does not read HTTP. */
  requests: Nullable(RequestBalance),
  /** Requests through the waypoints that it runs: made = joined + answered + waiting + all of unjoined. `null`: it runs none. */
  legs: Nullable(LegBalance),
  connections: Type.Object({
    open: Nullable(Count),
    openedPerSecond: Nullable(Type.Number()),
    connects: Nullable(Count),
  }),
  /** Node's clock minus the collector's, less half the round trip. Shown above 1 s. */
  clockSkewMs: Nullable(Type.Number()),
});
export type Node = Static<typeof Node>;
export const Nodes = Type.Object({ items: Type.Array(Node), next: Nullable(Type.String()) });
export type Nodes = Static<typeof Nodes>;

/** GET /status: also the live topic `status`, once a second. */
export const Status = Type.Object({
  version: Type.String(),
  cluster: Type.String(),
  startedAt: Time,
  now: Time,
  nodes: Type.Object({
    total: Count,
    reporting: Count,
    silent: Type.Array(Type.Object({ name: Type.String(), lastSeenAt: Nullable(Time) })),
  }),
  /** Connection ends since the collector's store began. made = stored + lost + waiting once the road is quiet. */
  records: Type.Object({
    made: Count,
    received: Count,
    stored: Count,
    waiting: Count,
    lost: Type.Record(Type.String(), Count),
  }),
  /** `null`: no agent reads HTTP. */
  requests: Nullable(RequestBalance),
  rates: Type.Object({ connectionsPerSecond: Type.Number(), recordsPerSecond: Type.Number() }),
  openConnections: Count,
  store: Type.Object({
    driver: literals(['duckdb', 'clickhouse', 'memory'] as const),
    state: literals(['ok', 'slow', 'full', 'failed'] as const),
    message: Nullable(Type.String()),
    rows: Count,
    bytes: Nullable(Count),
    oldest: Nullable(Time),
    retentionSeconds: Count,
  }),
  /** Share of one core that agents and their eBPF programs take, summed over nodes; `null` when unknown. */
  observerCpuShare: Nullable(Type.Number()),
  firstRecordAt: Nullable(Time),
});
export type Status = Static<typeof Status>;
