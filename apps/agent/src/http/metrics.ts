// SPDX-License-Identifier: Apache-2.0
import type { LegBalance, MapUse } from '@undermesh/schema';
import { Counter, Gauge, Registry } from 'prom-client';
import type { OrderCounts } from '../engine/orders.js';
import type { KernelCounts, Ledger } from '../records/ledger.js';
import type { UplinkState } from '../uplink/uplink.js';
import { MeshMetrics, type MeshSnapshot } from './mesh-metrics.js';
import { residentBytes } from './resident.js';

/** One consistent look at the agent, for a scrape. */
export interface AgentSnapshot {
  readonly ledger: Ledger;
  /** The same of requests in http records; absent where HTTP is not read. */
  readonly requests: Ledger | undefined;
  /** Requests of its waypoints; absent where it runs none that tell of them. */
  readonly legs: LegBalance | undefined;
  readonly counts: KernelCounts;
  readonly recordsRead: number;
  readonly recordsDropped: number;
  readonly recordsSkipped: number;
  readonly ring: {
    readonly sizeBytes: number;
    readonly filledBytes: number;
    readonly peakFilledBytes: number;
  };
  /** Turns of the loop that came too late, seconds in all. */
  readonly lateSeconds: number;
  readonly backlog: { readonly frames: number; readonly bytes: number; readonly limitBytes: number };
  readonly spool: {
    readonly frames: number;
    readonly bytes: number;
    readonly limitBytes: number;
    /** Frames ought to go to disk and cannot. */
    readonly refuses: boolean;
    /** Of earlier runs, not all sent. */
    readonly earlierStreams: number;
  };
  readonly uplink: {
    readonly state: UplinkState;
    readonly reconnects: number;
    readonly framesSent: number;
    readonly bytesSent: number;
  };
  readonly helperErrors: { readonly site: string; readonly errno: string; readonly count: number }[];
  readonly open: number;
  readonly workloads: number;
  readonly listeners: number;
  readonly hooks: readonly { readonly name: string; readonly attached: boolean }[];
  readonly maps: readonly MapUse[];
  readonly orders: OrderCounts;
  /** What is steered; absent where nothing is. */
  readonly mesh: MeshSnapshot | undefined;
}

// Not prom-client's default metrics: they watch the event loop with a timer of 10 ms, which costs an idle agent ten
// times what all else does.
type Reading = (snapshot: AgentSnapshot) => number;

const COUNTERS: readonly (readonly [name: string, help: string, read: Reading])[] = [
  ['ends_made_total', 'Connection ends that the kernel made', ({ ledger }) => ledger.made],
  [
    'ends_acknowledged_total',
    'Connection ends that are durable at the collector',
    ({ ledger }) => ledger.acknowledged,
  ],
  ['records_read_total', 'Records of any event read from the ring', ({ recordsRead }) => recordsRead],
  [
    'records_dropped_total',
    'Records of any event dropped for want of memory',
    ({ recordsDropped }) => recordsDropped,
  ],
  [
    'records_skipped_total',
    'Records of a length this agent does not know',
    ({ recordsSkipped }) => recordsSkipped,
  ],
  [
    'requests_made_total',
    'HTTP requests that the kernel saw, at each end',
    ({ requests }) => requests?.made ?? 0,
  ],
  [
    'requests_acknowledged_total',
    'HTTP requests that are durable at the collector',
    ({ requests }) => requests?.acknowledged ?? 0,
  ],
  ['http_records_total', 'HTTP records made', ({ counts }) => counts.httpRecordsEmitted],
  [
    'http_framing_lost_total',
    'Times that the HTTP of a connection could no longer be followed',
    ({ counts }) => counts.httpFramingLost,
  ],
  ['opened_records_total', 'OPENED records made', ({ counts }) => counts.openedEmitted],
  ['progress_records_total', 'PROGRESS records made', ({ counts }) => counts.progressEmitted],
  [
    'deferred_records_total',
    'OPENED and PROGRESS records put off because the ring was full',
    ({ counts }) => counts.deferred,
  ],
  ['storage_failures_total', 'Sockets without room for their storage', ({ counts }) => counts.storageFailed],
  ['connects_total', 'connect() calls that reached a SYN', ({ counts }) => counts.connects],
  [
    'skipped_other_agent_total',
    'Connections that belong to a nearer agent',
    ({ counts }) => counts.skippedOtherAgent,
  ],
  [
    'uplink_reconnects_total',
    'Connections to the collector that ended or failed',
    ({ uplink }) => uplink.reconnects,
  ],
  ['uplink_frames_sent_total', 'Frames sent to the collector', ({ uplink }) => uplink.framesSent],
  ['uplink_bytes_sent_total', 'Bytes of frames sent to the collector', ({ uplink }) => uplink.bytesSent],
  ['orders_carried_out_total', 'Orders that put an engine in force', ({ orders }) => orders.carriedOut],
  ['orders_refused_total', 'Times that an engine could not be put in force', ({ orders }) => orders.refused],
  ['orders_ignored_total', 'Orders that were too old or came too late', ({ orders }) => orders.ignored],
  [
    'loop_late_seconds_total',
    'Time by which the ring was read too late: the agent got no CPU, seconds',
    ({ lateSeconds }) => lateSeconds,
  ],
  ['process_cpu_seconds_total', 'User and system CPU of the agent, seconds', () => cpuSeconds()],
];

const GAUGES: readonly (readonly [name: string, help: string, read: Reading])[] = [
  [
    'ends_waiting',
    'Connection ends in the ring, in memory or on disk, not acknowledged yet',
    ({ ledger }) => ledger.waiting,
  ],
  [
    'requests_waiting',
    'HTTP requests in the ring or in memory, not acknowledged yet',
    ({ requests }) => requests?.waiting ?? 0,
  ],
  ['connections_open', 'Ends of established connections that are open', ({ open }) => open],
  ['ring_size_bytes', 'Size of the kernel ring', ({ ring }) => ring.sizeBytes],
  ['ring_filled_bytes', 'Bytes in the kernel ring', ({ ring }) => ring.filledBytes],
  ['ring_peak_filled_bytes', 'Fullest that the ring was found', ({ ring }) => ring.peakFilledBytes],
  ['backlog_frames', 'Frames that wait for an acknowledgement', ({ backlog }) => backlog.frames],
  ['backlog_bytes', 'Memory of the frames that wait', ({ backlog }) => backlog.bytes],
  ['backlog_limit_bytes', 'Most memory that frames may take', ({ backlog }) => backlog.limitBytes],
  ['spool_frames', 'Frames of them that are on disk', ({ spool }) => spool.frames],
  ['spool_bytes', 'Disk that frames take, those of earlier runs included', ({ spool }) => spool.bytes],
  ['spool_limit_bytes', 'Most disk that frames may take', ({ spool }) => spool.limitBytes],
  [
    'spool_refuses',
    '1 while frames ought to go to disk and cannot: it is full or fails',
    ({ spool }) => (spool.refuses ? 1 : 0),
  ],
  [
    'spool_earlier_streams',
    'Streams of earlier runs that are not all sent',
    ({ spool }) => spool.earlierStreams,
  ],
  [
    'uplink_up',
    '1 while the collector has welcomed the agent',
    ({ uplink }) => (uplink.state === 'welcomed' ? 1 : 0),
  ],
  ['workloads', 'Workloads in the dictionary', ({ workloads }) => workloads],
  ['listeners', 'Listening sockets', ({ listeners }) => listeners],
  ['process_resident_memory_bytes', 'Resident memory of the agent', () => process.memoryUsage.rss()],
  ['heap_bytes', 'Memory of the JavaScript heap', () => process.memoryUsage().heapTotal],
  [
    'heap_used_bytes',
    'Objects in it, with those that are not collected yet',
    () => process.memoryUsage().heapUsed,
  ],
  ['buffers_bytes', 'Memory of buffers, outside of the heap', () => process.memoryUsage().arrayBuffers],
];

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The agent's own metrics, `undermesh_agent_*`: filled when they are asked for, from one snapshot. */
export class AgentMetrics {
  readonly #registry = new Registry();
  readonly #snapshot: () => AgentSnapshot;
  readonly #counters: { readonly counter: Counter; readonly read: Reading }[];
  readonly #gauges: { readonly gauge: Gauge; readonly read: Reading }[];
  readonly #lost: Counter<'reason'>;
  readonly #requestsLost: Counter<'reason'>;
  readonly #waypointRequests: Counter<'outcome' | 'reason'>;
  readonly #helperErrors: Counter<'site' | 'errno'>;
  readonly #hooks: Gauge<'hook'>;
  readonly #resident: Gauge<'kind'>;
  readonly #mesh: MeshMetrics;

  constructor(snapshot: () => AgentSnapshot) {
    this.#snapshot = snapshot;
    const registers = [this.#registry];
    const named = (name: string, help: string) => ({ name: `undermesh_agent_${name}`, help, registers });
    this.#counters = COUNTERS.map(([name, help, read]) => ({
      counter: new Counter(named(name, help)),
      read,
    }));
    this.#gauges = GAUGES.map(([name, help, read]) => ({ gauge: new Gauge(named(name, help)), read }));
    this.#lost = new Counter({
      ...named('ends_lost_total', 'Connection ends lost here, by reason'),
      labelNames: ['reason'],
    });
    this.#requestsLost = new Counter({
      ...named('requests_lost_total', 'HTTP requests lost here, by reason'),
      labelNames: ['reason'],
    });
    this.#waypointRequests = new Counter({
      ...named(
        'waypoint_requests_total',
        'Requests through waypoints of this node, by whether both legs were joined',
      ),
      labelNames: ['outcome', 'reason'],
    });
    this.#helperErrors = new Counter({
      ...named('helper_errors_total', 'Failures of helpers in the eBPF programs'),
      labelNames: ['site', 'errno'],
    });
    this.#hooks = new Gauge({
      ...named('hook_attached', '1 while the kernel says that the program is attached'),
      labelNames: ['hook'],
    });
    this.#resident = new Gauge({
      ...named('resident_bytes', 'Resident memory of the agent, by what is behind it'),
      labelNames: ['kind'],
    });
    this.#mesh = new MeshMetrics(this.#registry);
  }

  /** Text in the Prometheus format. */
  async text(): Promise<string> {
    const snapshot = this.#snapshot();
    for (const { counter, read } of this.#counters) {
      counter.reset();
      counter.inc(read(snapshot));
    }
    for (const { gauge, read } of this.#gauges) gauge.set(read(snapshot));
    this.#lost.reset();
    this.#requestsLost.reset();
    for (const reason of ['ring_full', 'agent_memory', 'spool_full', 'invalid'] as const) {
      this.#lost.inc({ reason }, snapshot.ledger.lost[reason] ?? 0);
      this.#requestsLost.inc({ reason }, snapshot.requests?.lost[reason] ?? 0);
    }
    this.#countLegs(snapshot.legs);
    this.#helperErrors.reset();
    for (const { site, errno, count } of snapshot.helperErrors)
      this.#helperErrors.inc({ site, errno }, count);
    this.#hooks.reset();
    for (const { name, attached } of snapshot.hooks) this.#hooks.set({ hook: name }, attached ? 1 : 0);
    for (const [kind, bytes] of Object.entries(residentBytes())) this.#resident.set({ kind }, bytes);
    this.#mesh.update(snapshot.mesh, snapshot.maps);
    return await this.#registry.metrics();
  }

  #countLegs(legs: LegBalance | undefined): void {
    const requests = this.#waypointRequests;
    requests.reset();
    if (legs === undefined) return;
    requests.inc({ outcome: 'joined', reason: '' }, legs.joined);
    requests.inc({ outcome: 'answered', reason: '' }, legs.answered);
    for (const [reason, count] of Object.entries(legs.unjoined))
      requests.inc({ outcome: 'unjoined', reason }, count);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
