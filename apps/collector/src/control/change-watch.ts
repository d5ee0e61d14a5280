// SPDX-License-Identifier: Apache-2.0

import type { Aggregator } from '../aggregate/aggregator.js';
import { COUNTERS, Counter } from '../aggregate/cells.js';
import { toTime } from '../aggregate/mesh-view.js';
import type { Placements } from '../aggregate/placements.js';
import type { CellsPart } from '../aggregate/sealed-cells.js';
import { FINE_MS } from '../aggregate/tiers.js';
import type { Agents } from '../ingest/agents.js';
import type { Workload } from '../store/store.js';
import type { ChangeLog, NewChange } from './change-log.js';

/** What shows up so soon after a node joined is part of its joining; the same for a log that is new. */
const LEARNING_MS = 60_000;
/** A node that is away for less than this has not gone; the same after a start, while agents come back. */
const SILENT_MS = 15_000;
/** A version that carried nothing for so long and carries something now is a change of version. */
const VERSION_RESTS_MS = 600_000;

/** What is watched. */
export interface ChangeWatchParts {
  readonly log: ChangeLog;
  readonly agents: Agents;
  readonly aggregator: Aggregator;
  readonly placements: Placements;
  readonly startedAt: number;
}

/** Finds out what changed by itself, and writes it down: nodes and agents, workloads and their versions, edges. */
export class ChangeWatch {
  readonly #parts: ChangeWatchParts;
  /** Until when what appears is not worth a line, for everything and by node. */
  #learningUntil = 0;
  readonly #joinedAt = new Map<string, number>();
  /** When each version of a workload carried something last. */
  readonly #usedAt = new Map<string, Map<string, number>>();
  #watchedTo: number;

  constructor(parts: ChangeWatchParts) {
    this.#parts = parts;
    this.#watchedTo = parts.startedAt;
  }

  /** Takes up the log of an earlier run. */
  restore(now: number): void {
    const { log } = this.#parts;
    if (log.isNew) {
      this.#learningUntil = now + LEARNING_MS;
      this.#learnAll();
    }
    for (const [subject, versions] of log.known.workloads) {
      this.#usedAt.set(subject, new Map(versions.map((version) => [version, now])));
    }
  }

  /** What an earlier run of the collector left, from before there was a log. */
  #learnAll(): void {
    const { log, agents, aggregator } = this.#parts;
    for (const name of agents.names()) {
      if (agents.lastSeen(name) !== null) log.known.learnNode(name, { version: '', instance: '' });
    }
    aggregator.edges.forEach((edge) => {
      const ends = this.#endsOf(edge);
      for (const { workload } of ends) {
        if (isWatched(workload)) log.known.learnWorkload(nameOf(workload), workload.version ?? '');
      }
      const subject = edgeName(ends);
      if (subject !== null) log.known.learnEdge(subject);
    });
  }

  #endsOf(edge: number): EdgeEnd[] {
    const { aggregator, placements } = this.#parts;
    return [aggregator.edges.source(edge), aggregator.edges.destination(edge)].flatMap((placement) => {
      const workload = placements.get(placements.workloadOf(placement));
      const node = placements.nodeName(placements.nodeOf(placement));
      return workload === undefined ? [] : [{ workload, node }];
    });
  }

  /** Looks for changes. Call it every few seconds. */
  tick(now: number): void {
    const changes: NewChange[] = [];
    this.#watchNodes(now, changes);
    this.#watchTraffic(now, changes);
    this.#parts.log.append(changes);
  }

  #watchNodes(now: number, changes: NewChange[]): void {
    const { log, agents, startedAt } = this.#parts;
    for (const { node, hello, connectedAt, report } of agents.all()) {
      if (hello === null) continue;
      const known = log.known.nodes.get(node);
      const { agentVersion: version, instance } = hello;
      const time = toTime(connectedAt ?? now);
      const agent = { time, subject: node, instance };
      if (known === undefined) {
        this.#joinedAt.set(node, now);
        changes.push({ ...agent, kind: 'node_joined', before: null, after: version });
      } else if (known.instance === '') {
        // Known by name only, from before there was a log.
        log.known.learnNode(node, { version, instance });
      } else if (known.version !== version) {
        changes.push({ ...agent, kind: 'agent_version', before: known.version, after: version });
      } else if (known.instance !== instance) {
        changes.push({ ...agent, kind: 'agent_restarted', before: null, after: null });
      }
      if (known?.silent === true && agents.isReporting(node, now) && report !== null) {
        changes.push({
          kind: 'node_back',
          time: toTime(now),
          subject: node,
          before: 'silent',
          after: 'reporting',
        });
      }
    }
    if (now - startedAt < SILENT_MS) return;
    for (const [node, { silent }] of log.known.nodes) {
      const seenAt = agents.lastSeen(node);
      if (silent || seenAt === null || now - seenAt < SILENT_MS || agents.isReporting(node, now)) continue;
      changes.push({
        kind: 'node_silent',
        time: toTime(seenAt),
        subject: node,
        before: 'reporting',
        after: 'silent',
      });
    }
  }

  /** Reads the buckets that have become whole since the last look. */
  #watchTraffic(now: number, changes: NewChange[]): void {
    // One bucket behind: by then ends have found their partners.
    const to = Math.floor(now / FINE_MS) * FINE_MS - FINE_MS;
    const from = Math.max(Math.floor(this.#watchedTo / FINE_MS) * FINE_MS, to - 6 * FINE_MS);
    if (from >= to) return;
    this.#watchedTo = to;
    const seen = new Set<string>();
    const steps = (to - from) / FINE_MS;
    this.#parts.aggregator.timeline.read.columns({ from, to, steps }, (step, part) => {
      const time = from + step * FINE_MS;
      for (let row = 0; row < part.count; row++) {
        if (isUsed(part, row)) this.#watchEdge(part.edge(row), { time, now, seen, changes });
      }
    });
  }

  #watchEdge(edge: number, at: { time: number; now: number; seen: Set<string>; changes: NewChange[] }): void {
    const { log } = this.#parts;
    const ends = this.#endsOf(edge);
    for (const { workload, node } of ends) {
      if (isWatched(workload)) this.#watchWorkload(workload, { ...at, node });
    }
    const subject = edgeName(ends);
    if (subject === null || log.known.edges.has(subject) || at.seen.has(subject)) return;
    at.seen.add(subject);
    if (ends.some(({ node }) => this.#isLearning(node, at.now))) {
      log.known.learnEdge(subject);
      return;
    }
    at.changes.push({ kind: 'edge_appeared', time: toTime(at.time), subject, before: null, after: null });
  }

  #watchWorkload(
    workload: Workload,
    at: { time: number; now: number; node: string; seen: Set<string>; changes: NewChange[] },
  ): void {
    const { log } = this.#parts;
    const subject = nameOf(workload);
    const version = workload.version ?? '';
    const versions = this.#usedAt.get(subject) ?? new Map<string, number>();
    const usedAt = versions.get(version);
    const isFirst = versions.size === 0;
    const [latest = ''] = [...versions].sort((a, b) => b[1] - a[1]).map(([name]) => name);
    versions.set(version, at.time);
    this.#usedAt.set(subject, versions);
    const time = toTime(at.time);
    const shown = (name: string): string | null => (name === '' ? null : name);
    if (this.#isLearning(at.node, at.now)) {
      log.known.learnWorkload(subject, version);
      return;
    }
    if (isFirst) {
      at.changes.push({ kind: 'workload_appeared', time, subject, before: null, after: shown(version) });
      return;
    }
    if (usedAt !== undefined && at.time - usedAt < VERSION_RESTS_MS) return;
    if (latest === version) return;
    at.changes.push({
      kind: 'workload_version',
      time,
      subject,
      before: shown(latest),
      after: shown(version),
    });
  }

  #isLearning(node: string, now: number): boolean {
    return now < this.#learningUntil || now - (this.#joinedAt.get(node) ?? 0) < LEARNING_MS;
  }
}

/** Undermesh's own, what is only an address, and what has no name come and go without a line. */
const isWatched = ({ system, external, kind }: Workload): boolean =>
  !system && !external && kind !== 'unknown' && kind !== 'address';

interface EdgeEnd {
  readonly workload: Workload;
  readonly node: string;
}

/** `null` when an end is not one of those that are watched. */
function edgeName(ends: readonly EdgeEnd[]): string | null {
  const [source, destination] = ends;
  if (source === undefined || destination === undefined) return null;
  if (!isWatched(source.workload) || !isWatched(destination.workload)) return null;
  return `${nameOf(source.workload)} > ${nameOf(destination.workload)}`;
}

const nameOf = ({ namespace, name }: Workload): string => `${namespace}/${name}`;

/** What was counted on a guess and moved away leaves a row of zeros. */
function isUsed(part: CellsPart, row: number): boolean {
  for (const counter of [Counter.opened, Counter.closed, Counter.sent, Counter.received]) {
    if (part.get(row, counter) > 0 || part.get(row, COUNTERS + counter) > 0) return true;
  }
  return false;
}
