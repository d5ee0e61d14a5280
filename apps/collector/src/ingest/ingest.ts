// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { createLogger } from '@undermesh/core';
import type { Command, Frame, Hello, Report, Welcome } from '@undermesh/schema';
import { AGENT_PAYLOAD_BYTES } from '@undermesh/schema';
import type { WebSocket } from 'ws';
import type { Aggregator } from '../aggregate/aggregator.js';
import type { StreamMark } from '../aggregate/checkpoint-state.js';
import type { Placements } from '../aggregate/placements.js';
import type { Streams } from '../aggregate/streams.js';
import { CollectorError } from '../errors.js';
import type { RecordStore } from '../store/store.js';
import type { Agent, Agents } from './agents.js';
import { type NameBudget, nameBudget } from './dictionary.js';
import { FrameTurns } from './frame-turns.js';
import { Intake } from './intake.js';
import type { Ledger } from './ledger.js';
import { type Admitted, Session, type SessionHost } from './session.js';
import { StreamRoad } from './stream-road.js';

const log = createLogger('ingest');
/** Streams that one node may begin during one run, and clusters it may name: each takes memory for good. */
const MAX_STREAMS = 1_024;
const MAX_CLUSTERS = 4;
/** Lines of the log on one node's comings and goings, per minute: an agent may come and go all the time. */
const MAX_LINES = 20;
const MINUTE_MS = 60_000;
/** Time for a restarted agent to announce again what is open, before the rest is given up. */
const CONFIRM_MS = 15_000;

export interface IngestLimits {
  readonly maxAgents: number;
  readonly credits: number;
  readonly inFlightBytes: number;
  readonly helloTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

export interface IngestParts {
  readonly aggregator: Aggregator;
  readonly placements: Placements;
  readonly streams: Streams;
  readonly store: RecordStore;
  readonly ledger: Ledger;
  readonly requestLedger: Ledger;
  readonly agents: Agents;
  readonly version: string;
  readonly limits: IngestLimits;
  readonly now: () => number;
  /** Who gives orders to agents, and hears what they say of them. */
  readonly control: { welcomed(node: string): void; reported(node: string): void };
}

/** Figures for the metrics, all since the start. */
export interface IngestTotals {
  frames: number;
  records: number;
  bytes: number;
  ends: number;
  requests: number;
  invalid: number;
  gaps: number;
  repeats: number;
  connections: number;
  replaced: number;
  readonly rejected: Map<string, number>;
}

/** What a node has begun since the start, and been told of in the log within the minute. */
interface Begun {
  streams: number;
  readonly clusters: Set<string>;
  readonly names: NameBudget;
  since: number;
  lines: number;
}

/** All agents' connections, and the roads of their streams. */
export class Ingest implements SessionHost {
  readonly intake: Intake;
  readonly turns = new FrameTurns();
  /** Changes with every start: what is open is in memory only, so agents announce it again. */
  readonly collectorId = randomUUID();
  readonly helloTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly mostCredits: number;
  readonly #parts: IngestParts;
  readonly #sessions = new Set<Session>();
  readonly #byNode = new Map<string, Session>();
  readonly #roads = new Map<string, StreamRoad>();
  readonly #durable = new Map<string, bigint>();
  readonly #instances = new Map<string, string>();
  readonly #begun = new Map<string, Begun>();
  #inFlight = 0;
  #paused = false;
  #stopping = false;
  readonly #totals: IngestTotals = {
    frames: 0,
    records: 0,
    bytes: 0,
    ends: 0,
    requests: 0,
    invalid: 0,
    gaps: 0,
    repeats: 0,
    connections: 0,
    replaced: 0,
    rejected: new Map(),
  };

  constructor(parts: IngestParts) {
    this.#parts = parts;
    this.intake = new Intake(parts.aggregator, parts.placements);
    this.helloTimeoutMs = parts.limits.helloTimeoutMs;
    this.idleTimeoutMs = parts.limits.idleTimeoutMs;
    this.mostCredits = parts.limits.credits;
  }

  /** Takes up what the store already holds. */
  async restore(): Promise<void> {
    for (const position of await this.#parts.store.positions()) {
      this.#durable.set(`${position.node}\n${position.streamId}`, position.sequence);
    }
  }

  /** Whether a stored frame was already there when this run began. */
  isEarlier(frame: { node: string; streamId: string; sequence: bigint }): boolean {
    return frame.sequence <= (this.#durable.get(`${frame.node}\n${frame.streamId}`) ?? 0n);
  }

  /** How far each stream is counted, those of earlier runs among them. */
  marks(): StreamMark[] {
    const keys = new Set([...this.#durable.keys(), ...this.#roads.keys()]);
    return [...keys].map((key) => {
      const [node = '', streamId = ''] = key.split('\n');
      return { node, streamId, sequence: this.#roads.get(key)?.counted ?? this.#durable.get(key) ?? 0n };
    });
  }

  /** Ids of the streams that have sent records since the start. */
  heard(): ReadonlySet<string> {
    const heard = [...this.#roads].filter(([key, road]) => road.counted > (this.#durable.get(key) ?? 0n));
    return new Set(heard.map(([, road]) => road.stream.id));
  }

  /** Whether all frames of a stream up to a mark are stored. */
  isDurable({ node, streamId, sequence }: StreamMark): boolean {
    const key = `${node}\n${streamId}`;
    return (this.#roads.get(key)?.durable ?? this.#durable.get(key) ?? 0n) >= sequence;
  }

  get totals(): IngestTotals {
    let gaps = 0;
    let repeats = 0;
    for (const road of this.#roads.values()) {
      gaps += road.gaps;
      repeats += road.repeats;
    }
    return { ...this.#totals, gaps, repeats };
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  get inFlightBytes(): number {
    return this.#inFlight;
  }

  /** Takes over an upgraded socket of an agent that was admitted. */
  accept(socket: WebSocket, admitted: Admitted): void {
    const session = new Session(socket, admitted, this);
    this.#sessions.add(session);
    this.#totals.connections++;
    if (this.#stopping) session.reject(new CollectorError('stopping', 'The collector is stopping.'));
    else if (this.#sessions.size > this.#parts.limits.maxAgents) {
      session.reject(
        new CollectorError(
          'too_many_agents',
          `No more than ${this.#parts.limits.maxAgents} agents can be connected.`,
        ),
      );
    } else if (this.#paused) session.setPaused(true);
  }

  admit(session: Session, hello: Hello, streamId: string): ReturnType<SessionHost['admit']> {
    const { aggregator, agents, ledger, requestLedger, now } = this.#parts;
    const road = this.road(hello, streamId);
    const older = this.#byNode.get(hello.node);
    if (older !== undefined) {
      this.#totals.replaced++;
      const isRenewal =
        this.#instances.get(streamId) === hello.instance &&
        older.expiresAt !== null &&
        (session.expiresAt ?? 0) > older.expiresAt;
      // An agent that goes over to a connection with its new certificate is refused nothing.
      if (isRenewal) older.end(1000, 'renewed');
      else older.reject(new CollectorError('replaced', 'A newer connection of the same node took over.'));
    }
    this.#byNode.set(hello.node, session);
    const seenAt = agents.lastSeen(hello.node);
    // An agent that goes on with its stream tells of the time in between too.
    if (seenAt !== null && road.counted > 0n) aggregator.presence.add({ from: seenAt, to: now() });
    const agent = agents.greet(hello, streamId, now());
    const books = [ledger, requestLedger];
    const over = books.filter((one) => one.begin(hello.node, streamId, hello.unfinished));
    this.#reconcile(hello, road);
    const { agentVersion } = hello;
    log[this.#level(hello.node)]({ node: hello.node, agentVersion, streamId }, 'agent connected');
    const welcome: Welcome = {
      collectorId: this.collectorId,
      collectorVersion: this.#parts.version,
      credits: road.stalled ? 0 : this.credits(),
      acknowledged: road.durable.toString(),
      legs: true,
    };
    return { agent, road, welcome, kept: Promise.all(over.map((one) => one.save())) };
  }

  road(agent: Pick<Agent, 'node' | 'cluster'>, streamId: string): StreamRoad {
    const key = `${agent.node}\n${streamId}`;
    let road = this.#roads.get(key);
    if (road === undefined) {
      const { names } = this.#begin(agent);
      const stream = this.#parts.streams.get({ id: streamId, node: agent.node, cluster: agent.cluster });
      road = new StreamRoad(stream, this.#durable.get(key) ?? 0n, {
        intake: this.intake,
        names,
        placements: this.#parts.placements,
        store: this.#parts.store,
        ledger: this.#parts.ledger,
        requestLedger: this.#parts.requestLedger,
        now: this.#parts.now,
        onBytes: (bytes) => this.#onBytes(bytes),
        onFrame: (taken) => {
          this.#totals.frames++;
          this.#totals.records += taken.records;
          this.#totals.bytes += taken.bytes;
          this.#totals.ends += taken.ends;
          this.#totals.requests += taken.requests;
          this.#totals.invalid += taken.invalid;
        },
      });
      this.#roads.set(key, road);
    }
    return road;
  }

  report(agent: Agent, frame: Frame, report: Report): void {
    const { aggregator, agents, ledger, requestLedger, now } = this.#parts;
    const at = now();
    const differenceMs = Number(frame.realtimeNs / 1000n) / 1000 - at;
    aggregator.presence.add({ from: agent.reportedAt ?? at, to: at });
    agents.report(agent, report, { now: at, differenceMs });
    this.#parts.control.reported(agent.node);
    const stream = Buffer.from(frame.streamId).toString('hex');
    const { node } = agent;
    ledger.reported({ node, stream, made: report.records.made, lost: report.records.lost });
    if (report.requests !== undefined) {
      requestLedger.reported({ node, stream, made: report.requests.made, lost: report.requests.lost });
    }
  }

  welcomed({ node }: Agent): void {
    this.#parts.control.welcomed(node);
  }

  /** Sends an order down the connection of a node's agent; false when there is none. */
  command(node: string, command: Command): boolean {
    return this.#byNode.get(node)?.command(command) ?? false;
  }

  /** Ends the connections of a node's agent, for a reason that it is told. */
  hangUp(node: string, error: CollectorError): void {
    for (const session of [...this.#sessions]) if (session.node === node) session.reject(error);
  }

  /** When the certificate of a node's connection ends, Unix ms; `null` without either. */
  expiryOf(node: string): number | null {
    return this.#byNode.get(node)?.expiresAt ?? null;
  }

  left(session: Session): void {
    this.#sessions.delete(session);
    if (this.#byNode.get(session.node) !== session) return;
    this.#byNode.delete(session.node);
    const agent = this.#parts.agents.get(session.node);
    if (agent !== undefined) agent.connected = false;
    log[this.#level(session.node)]({ node: session.node }, 'agent disconnected');
  }

  rejected(code: string): void {
    this.#totals.rejected.set(code, (this.#totals.rejected.get(code) ?? 0) + 1);
  }

  /** Frames an agent may have in flight: its share of the memory for frames. */
  readonly credits = (): number => {
    if (this.#paused) return 0;
    const share = this.#parts.limits.inFlightBytes / AGENT_PAYLOAD_BYTES / Math.max(1, this.#byNode.size);
    return Math.max(1, Math.min(this.mostCredits, Math.floor(share)));
  };

  /** Says goodbye to all agents. */
  stop(): void {
    this.#stopping = true;
    for (const session of [...this.#sessions]) session.end(1001, 'stopping');
  }

  /** Tells waiting agents how things stand; call it every second. */
  tick(): void {
    for (const [node, session] of this.#byNode) {
      const agent = this.#parts.agents.get(node);
      const road = agent?.streamId == null ? undefined : this.#roads.get(`${node}\n${agent.streamId}`);
      if (road !== undefined && road.pending > 0) session.acknowledge();
    }
  }

  #begunBy(node: string): Begun {
    let begun = this.#begun.get(node);
    if (begun === undefined) {
      begun = { streams: 0, clusters: new Set(), names: nameBudget(), since: 0, lines: 0 };
      this.#begun.set(node, begun);
    }
    return begun;
  }

  /** Counts a stream that a node begins. Throws CollectorError `too_many_streams`. */
  #begin({ node, cluster }: Pick<Agent, 'node' | 'cluster'>): Begun {
    const begun = this.#begunBy(node);
    const { streams, clusters } = begun;
    if (streams >= MAX_STREAMS || (!clusters.has(cluster) && clusters.size >= MAX_CLUSTERS)) {
      throw new CollectorError(
        'too_many_streams',
        `${node} has begun ${streams} streams in ${clusters.size} clusters since the collector started, as no agent would.`,
      );
    }
    begun.streams++;
    clusters.add(cluster);
    return begun;
  }

  /** How loudly to tell that a node came or went. */
  #level(node: string): 'info' | 'debug' {
    const begun = this.#begunBy(node);
    const now = this.#parts.now();
    if (now - begun.since > MINUTE_MS) {
      begun.since = now;
      begun.lines = 0;
    }
    return begun.lines++ < MAX_LINES ? 'info' : 'debug';
  }

  #onBytes(bytes: number): void {
    this.#inFlight += bytes;
    const limit = this.#parts.limits.inFlightBytes;
    const paused = this.#paused ? this.#inFlight > limit / 2 : this.#inFlight > limit;
    if (paused === this.#paused) return;
    this.#paused = paused;
    for (const session of this.#sessions) {
      session.setPaused(paused);
      if (!paused) session.acknowledge();
    }
  }

  /** Open ends of a node's earlier streams are over; those of an earlier run of the same stream must be announced again. */
  #reconcile(hello: Hello, road: StreamRoad): void {
    const { aggregator, streams } = this.#parts;
    for (const stream of streams.ofNode(hello.node)) {
      if (stream !== road.stream) aggregator.endStream(stream.number);
    }
    const before = this.#instances.get(road.stream.id);
    this.#instances.set(road.stream.id, hello.instance);
    if (before === undefined || before === hello.instance) return;
    aggregator.doubtStream(road.stream.number);
    setTimeout(() => aggregator.endDoubtful(road.stream.number), CONFIRM_MS).unref();
  }
}
