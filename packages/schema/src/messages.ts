// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { type Command, EngineReport, Labels } from './engines.js';
import { LOSS_REASONS, UNJOINED_REASONS, WORKLOAD_KINDS } from './names.js';
import { NativeReport } from './native.js';
import { ReportedCount as Count, counts, literals } from './shape.js';

/** Payloads of all frames but `records`: UTF-8 JSON of these shapes. Unknown members are ignored, so that shapes can grow. */

/** Unix ms; the largest that a date can have. */
const Milliseconds = Type.Number({ minimum: 0, maximum: 8.64e15 });

/** Node, cluster and workload names: what Kubernetes, Prometheus and a URL all take. */
export const NAME_PATTERN = '^[A-Za-z0-9_.:@/-]{1,253}$';
const Name = Type.String({ pattern: NAME_PATTERN });

/** First frame of an agent. The node name must be the one its credential is bound to. */
export const Hello = Type.Object({
  node: Name,
  cluster: Name,
  agentVersion: Type.String({ maxLength: 64 }),
  /** Unique per start of the agent's process. */
  instance: Type.String({ maxLength: 64 }),
  bootId: Type.String({ maxLength: 64 }),
  /** ABI versions of the records it may send. */
  abiVersion: Type.Integer({ minimum: 1 }),
  /** Other streams of this node that the agent still holds frames of, from earlier runs: what is missing of them may come. */
  unfinished: Type.Optional(Type.Array(Type.String({ pattern: '^[0-9a-f]{32}$' }), { maxItems: 1024 })),
  labels: Type.Optional(Labels),
  /** What is in force as it connects: a collector that knows nothing of it adopts it. */
  engine: Type.Optional(EngineReport),
});
export type Hello = Static<typeof Hello>;

/** The collector's answer. `collectorId` changes when a collector lost its memory: the agent then announces what is open again. */
export const Welcome = Type.Object({
  collectorId: Type.String(),
  collectorVersion: Type.String(),
  /** Record frames that may be sent and not yet acknowledged. */
  credits: Type.Integer({ minimum: 0 }),
  /** Last sequence of the agent's stream that is durable here; the agent drops what it holds up to it. */
  acknowledged: Type.String({ pattern: '^[0-9]{1,20}$' }),
  /** It takes leg records: one that does not say so would call them invalid. */
  legs: Type.Optional(Type.Boolean()),
});
export type Welcome = Static<typeof Welcome>;

/** Up to `sequence` everything of the stream is durable. `credits` is the new allowance; 0 says wait. */
export const Ack = Type.Object({
  sequence: Type.String({ pattern: '^[0-9]{1,20}$' }),
  credits: Type.Integer({ minimum: 0 }),
});
export type Ack = Static<typeof Ack>;

/** Sent before the connection is ended. `code` is a FrameError code or one of docs/errors.md. */
export const ErrorMessage = Type.Object({ code: Type.String(), message: Type.String() });
export type ErrorMessage = Static<typeof ErrorMessage>;

/** Explains a numeric workload id of this agent's records. Ids are never used twice in a stream. */
export const WorkloadEntry = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: 0xffffffff }),
  namespace: Name,
  name: Name,
  version: Type.Optional(Name),
  kind: literals(WORKLOAD_KINDS),
  /** Undermesh's own processes. */
  system: Type.Boolean(),
  /** Where the name comes from, for people: a cgroup path, a unit, a container id, a command. */
  origin: Type.Optional(Type.String({ maxLength: 512 })),
});
export type WorkloadEntry = Static<typeof WorkloadEntry>;

/** Names a numeric service id of this agent's records: a service that connections were steered by. The latest word counts. */
export const ServiceEntry = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: 0xffffffff }),
  namespace: Name,
  name: Name,
});
export type ServiceEntry = Static<typeof ServiceEntry>;

/** A listening socket, so that a connection can be named before its other end has reported. Gone ones are kept with `open` false. */
export const ListenerEntry = Type.Object({
  /** Textual address; `0.0.0.0` or `::` for every address of the namespace. */
  address: Type.String({ maxLength: 64 }),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
  /** Decimal: it does not fit a JSON number. */
  netnsCookie: Type.String({ pattern: '^[0-9]{1,20}$' }),
  workloadId: Type.Integer({ minimum: 1 }),
  open: Type.Boolean(),
});
export type ListenerEntry = Static<typeof ListenerEntry>;

/** The addresses of one network namespace the node knows, so that a wildcard listener can be found by address. */
export const NamespaceEntry = Type.Object({
  netnsCookie: Type.String({ pattern: '^[0-9]{1,20}$' }),
  addresses: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 4096 }),
});
export type NamespaceEntry = Static<typeof NamespaceEntry>;

/** Additions and changes since the last dictionary frame; the whole dictionary after a welcome (`full`). */
export const Dictionary = Type.Object({
  full: Type.Boolean(),
  workloads: Type.Array(WorkloadEntry, { maxItems: 20_000 }),
  listeners: Type.Array(ListenerEntry, { maxItems: 20_000 }),
  namespaces: Type.Array(NamespaceEntry, { maxItems: 4_096 }),
  /** Absent where nothing is steered. */
  services: Type.Optional(Type.Array(ServiceEntry, { maxItems: 20_000 })),
});
export type Dictionary = Static<typeof Dictionary>;

/** One eBPF program as the kernel says it is, not as the agent loaded it. */
export const Hook = Type.Object({
  name: Type.String(),
  /** Kernel program type, e.g. `sock_ops`. */
  type: Type.String(),
  /** Where it is attached: a cgroup path, a tracepoint, an iterator. */
  attachedTo: Type.String(),
  attached: Type.Boolean(),
  programId: Type.Integer(),
  tag: Type.String(),
  loadedAtMs: Milliseconds,
  /** Absent unless the kernel keeps program statistics. */
  runTimeNs: Type.Optional(Count),
  runCount: Type.Optional(Count),
});
export type Hook = Static<typeof Hook>;

export const MapUse = Type.Object({
  name: Type.String(),
  type: Type.String(),
  /** Absent where counting entries would mean walking them. */
  entries: Type.Optional(Count),
  maxEntries: Count,
  memoryBytes: Type.Optional(Count),
});
export type MapUse = Static<typeof MapUse>;

/** A lossless sum: made = received by the collector + lost + still waiting in the agent. All since the stream began. */
export const LossCounts = counts(LOSS_REASONS);
export type LossCounts = Static<typeof LossCounts>;

/**
 * Requests that the waypoints of a node told their agent of, by what became of them, since the agent started:
 * made = joined + answered + waiting + all of unjoined.
 */
export const LegBalance = Type.Object({
  made: Count,
  /** Told to the collector with both legs. */
  joined: Count,
  /** By the waypoint itself. */
  answered: Count,
  waiting: Count,
  unjoined: counts(UNJOINED_REASONS),
  /** Of the joined ones, those whose time in the waypoint is not known. */
  untimed: Count,
});
export type LegBalance = Static<typeof LegBalance>;

/** Sent every second: what the node is, what it runs, what it cost, what it lost. */
export const Report = Type.Object({
  kernel: Type.Object({
    release: Type.String(),
    architecture: Type.String(),
    /** Feature name to `true` or the reason why not. */
    features: Type.Record(Type.String(), Type.Union([Type.Literal(true), Type.String()])),
  }),
  engine: EngineReport,
  hooks: Type.Array(Hook, { maxItems: 64 }),
  maps: Type.Array(MapUse, { maxItems: 64 }),
  records: Type.Object({
    /** Ends read from the ring, or counted as lost before. */
    made: Count,
    lost: LossCounts,
    /** Ends read from the ring and not yet acknowledged. */
    waiting: Count,
  }),
  /** HTTP requests in http records, one for each end that saw them; absent where the agent does not read HTTP. */
  requests: Type.Optional(
    Type.Object({
      /** Seen by the kernel: written to the ring or counted as lost there. */
      made: Count,
      /** Those among them that the kernel lost are told again by the records that follow: never add up both. */
      lost: LossCounts,
      waiting: Count,
    }),
  ),
  /** Absent where the agent runs no waypoint. */
  legs: Type.Optional(LegBalance),
  connections: Type.Object({
    /** Established connections' ends that this agent owns and that are open now. */
    open: Count,
    connects: Count,
    establishedSource: Count,
    establishedDestination: Count,
    skippedOtherAgent: Count,
  }),
  ring: Type.Object({ sizeBytes: Count, filledBytes: Count, peakFilledBytes: Count }),
  helperErrors: Type.Array(Type.Object({ site: Type.String(), errno: Type.String(), count: Count }), {
    maxItems: 256,
  }),
  agent: Type.Object({
    startedAtMs: Milliseconds,
    rssBytes: Count,
    /** User and system CPU of the agent's process since it started, seconds. */
    cpuSeconds: Count,
    /** Workload and listener tables. */
    workloads: Count,
    listeners: Count,
  }),
  /** Absent: no news of it, or the agent knows no kernel-native engine. */
  native: Type.Optional(NativeReport),
  /** What the agent is attached to. */
  scope: Type.Object({ cgroup: Type.String(), wholeHost: Type.Boolean() }),
});
export type Report = Static<typeof Report>;

/** Encodes a control payload. */
export const encodeMessage = (
  message: Hello | Welcome | Ack | ErrorMessage | Dictionary | Report | Command,
): Uint8Array => new TextEncoder().encode(JSON.stringify(message));
