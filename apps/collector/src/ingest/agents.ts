// SPDX-License-Identifier: Apache-2.0
import type { Hello, Node, Report } from '@undermesh/schema';
import { toTime } from '../aggregate/mesh-view.js';
import { CollectorError } from '../errors.js';
import { NativeBook } from '../native/native-book.js';
import { History } from './history.js';
import type { Ledger } from './ledger.js';

/** A node that has not reported for so long is silent: three reports missed. */
export const SILENT_MS = 3_000;
/** A node that has been silent for so long is gone: it no longer makes answers partial. */
const GONE_MS = 3_600_000;
/** Clock differences of which the least delayed is taken. */
const CLOCK_SAMPLES = 10;

/** Figures in an agent's {@link History}. */
const Figure = { cpuSeconds: 0, bpfRunNs: 1, established: 2 } as const;

/** One node as its agent last described it. */
export interface Agent {
  readonly node: string;
  cluster: string;
  hello: Hello | null;
  streamId: string | null;
  report: Report | null;
  reportedAt: number | null;
  connectedAt: number | null;
  connected: boolean;
  readonly history: History;
  readonly clockDifferences: number[];
  roundTripMs: number;
}

/** All nodes that are known: by a credential, from the books, or because they are here. */
export class Agents {
  readonly #agents = new Map<string, Agent>();
  readonly #ledger: Ledger;
  readonly #requestLedger: Ledger;
  readonly #credentialed: () => Iterable<string>;
  /** What they tell of their kernel-native engines. */
  readonly native = new NativeBook();

  /** @param credentialed nodes that hold a credential. */
  constructor(ledger: Ledger, requestLedger: Ledger, credentialed: () => Iterable<string>) {
    this.#ledger = ledger;
    this.#requestLedger = requestLedger;
    this.#credentialed = credentialed;
  }

  get(node: string): Agent | undefined {
    return this.#agents.get(node);
  }

  all(): Iterable<Agent> {
    return this.#agents.values();
  }

  get connected(): number {
    let count = 0;
    for (const agent of this.#agents.values()) if (agent.connected) count++;
    return count;
  }

  /** A connection of this node said hello. */
  greet(hello: Hello, streamId: string, now: number): Agent {
    let agent = this.#agents.get(hello.node);
    if (agent === undefined) {
      agent = {
        node: hello.node,
        cluster: hello.cluster,
        hello: null,
        streamId: null,
        report: null,
        reportedAt: null,
        connectedAt: null,
        connected: false,
        history: new History(),
        clockDifferences: [],
        roundTripMs: 0,
      };
      this.#agents.set(hello.node, agent);
    }
    agent.cluster = hello.cluster;
    agent.hello = hello;
    agent.streamId = streamId;
    agent.connected = true;
    agent.connectedAt = now;
    agent.reportedAt = now;
    agent.clockDifferences.length = 0;
    this.#ledger.lastSeen.set(hello.node, now);
    this.native.greet(hello.node, hello.instance);
    return agent;
  }

  /** A report came; `differenceMs` is the node's clock less ours when it arrived. */
  report(agent: Agent, report: Report, at: { now: number; differenceMs: number }): void {
    agent.report = report;
    agent.reportedAt = at.now;
    this.#ledger.lastSeen.set(agent.node, at.now);
    if (report.native !== undefined) this.native.take(agent.node, report.native, at.now);
    const { connections } = report;
    agent.history.add(at.now, [
      report.agent.cpuSeconds,
      report.hooks.reduce((sum, hook) => sum + (hook.runTimeNs ?? 0), 0),
      connections.establishedSource + connections.establishedDestination,
    ]);
    agent.clockDifferences.push(at.differenceMs);
    if (agent.clockDifferences.length > CLOCK_SAMPLES) agent.clockDifferences.shift();
  }

  isReporting(node: string, now: number): boolean {
    const agent = this.#agents.get(node);
    return agent?.connected === true && agent.reportedAt !== null && now - agent.reportedAt <= SILENT_MS;
  }

  /** Nodes whose figures are missing: seen lately, not now. */
  silent(now: number): Set<string> {
    const silent = new Set<string>();
    for (const [node, at] of this.#ledger.lastSeen) {
      if (now - at < GONE_MS && !this.isReporting(node, now)) silent.add(node);
    }
    return silent;
  }

  names(): string[] {
    return [
      ...new Set([...this.#credentialed(), ...this.#ledger.lastSeen.keys(), ...this.#agents.keys()]),
    ].sort();
  }

  /** Throws CollectorError `node_unknown` unless there is such a node. */
  expect(node: string): void {
    if (this.names().includes(node)) return;
    throw new CollectorError('node_unknown', `There is no node ${JSON.stringify(node)}.`);
  }

  lastSeen(node: string): number | null {
    return this.#ledger.lastSeen.get(node) ?? null;
  }

  /** Whether an agent that is here reads HTTP. */
  get readHttp(): boolean {
    for (const agent of this.#agents.values()) if (agent.report?.requests !== undefined) return true;
    return false;
  }

  /** Share of one core that all agents and their programs take; `null` while nobody knows. */
  observerCpuShare(now: number): number | null {
    let total: number | null = null;
    for (const agent of this.#agents.values()) {
      if (!this.isReporting(agent.node, now)) continue;
      for (const share of [agent.history.perSecond(Figure.cpuSeconds), bpfShare(agent)]) {
        if (share !== null) total = (total ?? 0) + share;
      }
    }
    return total;
  }

  /** Whether a node reports, has gone silent, or never came. */
  stateOf(name: string, now: number): Node['state'] {
    if (this.isReporting(name, now)) return 'reporting';
    return this.lastSeen(name) === null ? 'never' : 'silent';
  }

  /** A node the way the API shows it, but for its engine. */
  describe(name: string, of: { now: number; openEnds: number }): Omit<Node, 'engine'> {
    const agent = this.#agents.get(name);
    const report = agent?.report ?? null;
    const seen = this.lastSeen(name);
    const requests = this.#requestLedger.balance(name);
    const readsHttp = report?.requests !== undefined || requests.made > 0;
    return {
      name,
      cluster: agent?.cluster ?? 'default',
      state: this.stateOf(name, of.now),
      lastSeenAt: seen === null ? null : toTime(seen),
      connectedAt: agent?.connected === true && agent.connectedAt !== null ? toTime(agent.connectedAt) : null,
      agent:
        agent?.hello === null || agent === undefined || report === null
          ? null
          : {
              version: agent.hello.agentVersion,
              startedAt: toTime(report.agent.startedAtMs),
              rssBytes: report.agent.rssBytes,
              cpuShare: agent.history.perSecond(Figure.cpuSeconds),
              workloads: report.agent.workloads,
              listeners: report.agent.listeners,
            },
      scope: report?.scope ?? null,
      kernel: report?.kernel ?? null,
      labels: agent?.hello?.labels ?? {},
      hooks: report?.hooks ?? [],
      bpfCpuShare: agent === undefined ? null : bpfShare(agent),
      maps: report?.maps ?? [],
      ring: report?.ring ?? null,
      helperErrors: report?.helperErrors ?? [],
      records: this.#ledger.balance(name),
      requests: readsHttp ? requests : null,
      legs: report?.legs ?? null,
      connections: {
        open: report === null ? null : of.openEnds,
        openedPerSecond: agent?.history.perSecond(Figure.established, 10_000) ?? null,
        connects: report?.connections.connects ?? null,
      },
      clockSkewMs: agent === undefined ? null : clockSkewMs(agent),
    };
  }
}

/** Node's clock less ours. Of the last reports the least delayed says most; half a round trip is the delay that is left. */
function clockSkewMs(agent: Agent): number | null {
  if (agent.clockDifferences.length === 0) return null;
  return Math.round((Math.max(...agent.clockDifferences) + agent.roundTripMs / 2) * 10) / 10;
}

function bpfShare(agent: Agent): number | null {
  const measured = agent.report?.hooks.some((hook) => hook.runTimeNs !== undefined) === true;
  const perSecond = measured ? agent.history.perSecond(Figure.bpfRunNs) : null;
  return perSecond === null ? null : perSecond / 1e9;
}
