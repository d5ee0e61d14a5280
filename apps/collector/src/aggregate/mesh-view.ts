// SPDX-License-Identifier: Apache-2.0
import {
  type Edge,
  type Health,
  LEVELS,
  type Level,
  type Topology,
  type Vertex,
  type Window,
} from '@undermesh/schema';
import type { Aggregator } from './aggregator.js';
import { Grouping } from './grouping.js';
import {
  DEFAULT_LIMITS,
  HEALTH_WINDOW_MS,
  type HealthLimits,
  HealthMemory,
  judge,
  type Verdict,
  WELL,
} from './health.js';
import type { Placements } from './placements.js';
import { type EdgeSummary, Summary, type VertexSummary } from './summary.js';
import { FINE_MS, type Stretch } from './tiers.js';
import { splitOf, type TrafficSum, trafficOf } from './traffic.js';
import { isTold, legOf, viaOf } from './via.js';

/** What a view of the mesh shows. */
export interface ViewQuery {
  readonly level: Level;
  /** Length of the window, seconds, and its end, Unix ms (now when absent). */
  readonly windowSeconds: number;
  readonly to?: number | undefined;
  readonly namespaces: ReadonlySet<string>;
  readonly system: boolean;
  /** Legs as well whose requests are told by joined edges. */
  readonly legs?: boolean;
}

export interface Bounds {
  readonly from: number;
  readonly to: number;
  /** The window ends now. */
  readonly live: boolean;
}

/** A window this close to now counts as one that ends now. */
const LIVE_MS = 15_000;
const SEVERITY: Record<Health, number> = { failing: 3, warning: 2, unknown: 1, ok: 0 };
const MOST_PORTS = 8;

export const toTime = (ms: number): string => new Date(ms).toISOString();

/** Reads the aggregates the way the API shows them. */
export class MeshView {
  readonly #aggregator: Aggregator;
  readonly #placements: Placements;
  readonly grouping: Grouping;
  readonly #memory = new HealthMemory();
  readonly #silentNodes: () => ReadonlySet<string>;
  readonly #limits: HealthLimits;

  /** `silentNodes`: nodes whose figures are missing. */
  constructor(
    aggregator: Aggregator,
    placements: Placements,
    of: { readonly silentNodes: () => ReadonlySet<string>; readonly limits?: HealthLimits },
  ) {
    this.#aggregator = aggregator;
    this.#placements = placements;
    this.grouping = new Grouping(placements);
    this.#silentNodes = of.silentNodes;
    this.#limits = of.limits ?? DEFAULT_LIMITS;
  }

  bounds(query: Pick<ViewQuery, 'windowSeconds' | 'to'>, now: number): Bounds {
    const to = Math.min(query.to ?? now, now);
    const oldest = this.#aggregator.timeline.read.oldest() ?? now;
    return {
      from: Math.min(to, Math.max(oldest, to - query.windowSeconds * 1000)),
      to,
      live: now - to < LIVE_MS,
    };
  }

  window(query: Pick<ViewQuery, 'windowSeconds' | 'to'>, now: number): Window {
    const bounds = this.bounds(query, now);
    const resolutionMs = this.#aggregator.timeline.read.resolutionMs(bounds, now);
    return {
      from: toTime(bounds.to - query.windowSeconds * 1000),
      to: toTime(bounds.to),
      seconds: query.windowSeconds,
      resolutionSeconds: resolutionMs / 1000,
    };
  }

  /** Figures at one level over a window, without histograms: ask the summary for those it shall show. */
  summary(query: ViewQuery, now: number): Summary {
    const { from, to, live } = this.bounds(query, now);
    const summary = this.#summarise({ from, to }, { query, live });
    summary.addLastFailures();
    return summary;
  }

  /** Figures between two moments, without histograms. */
  summaryBetween(query: ViewQuery, between: { from: number; to: number }): Summary {
    return this.#summarise(between, { query, live: false });
  }

  /** Whether agents told of a stretch; where none did, figures are absent, not 0. */
  isKnown(of: Stretch): boolean {
    const { presence, timeline } = this.#aggregator;
    return presence.overlaps(of) || timeline.read.hasAny(of);
  }

  /** The graph, with at most so many vertices and edges. */
  topology(query: ViewQuery & { maxVertices: number; maxEdges: number }, now: number): Topology {
    const summary = this.summary(query, now);
    const verdict = this.verdicts(query, now);
    const rankVertex = (vertex: VertexSummary): number =>
      severity(verdict(vertex.group.id)) * 1e15 + volume(vertex.inbound) + volume(vertex.outbound);
    const vertices = [...summary.vertices.values()]
      .sort((a, b) => rankVertex(b) - rankVertex(a) || (a.group.id < b.group.id ? -1 : 1))
      .slice(0, query.maxVertices);
    const kept = new Set(vertices.map((vertex) => vertex.group.id));
    const rankEdge = (edge: EdgeSummary): number => severity(verdict(edge.id)) * 1e15 + volume(edge.sum);
    const told = query.legs === true ? new Set<EdgeSummary>() : this.toldLegs(summary, verdict);
    const edges = [...summary.edges.values()]
      .filter((edge) => !told.has(edge) && kept.has(edge.source.id) && kept.has(edge.destination.id))
      .sort((a, b) => rankEdge(b) - rankEdge(a) || (a.id < b.id ? -1 : 1))
      .slice(0, query.maxEdges);
    const shown = new Set(edges);
    let opened = 0;
    let openedShown = 0;
    for (const edge of summary.edges.values()) {
      opened += edge.sum.opened;
      if (shown.has(edge) || told.has(edge)) openedShown += edge.sum.opened;
    }
    summary.addSamples(() => true);
    return {
      level: query.level,
      window: this.window(query, now),
      vertices: vertices.map((vertex) => this.vertex(vertex, verdict)),
      edges: edges.map((edge) => this.edge(edge, verdict)),
      hidden: {
        vertices: summary.vertices.size - vertices.length,
        edges: summary.edges.size - told.size - edges.length,
        connectionShare: opened === 0 ? 0 : (opened - openedShown) / opened,
        systemVertices: [...summary.systemVertices].filter((id) => !summary.vertices.has(id)).length,
        systemEdges: summary.systemEdges.size,
        legs: told.size,
      },
      missingNodes: [...this.#silentNodes()].sort(),
    };
  }

  /** Verdicts on all vertices and edges: of now from memory, of the past judged anew. */
  verdicts(query: ViewQuery, now: number): (id: string) => (Verdict & { since?: number }) | undefined {
    const { to, live } = this.bounds(query, now);
    if (live) return (id) => this.#memory.get(id);
    const verdicts = this.#judge(
      this.#summarise({ from: to - HEALTH_WINDOW_MS, to }, { query, live: false }),
    );
    return (id) => verdicts.get(id);
  }

  /** Judges everything at every level. Call it every few seconds: it is what the `since` of a verdict rests on. */
  judgeNow(now: number): void {
    const all = new Map<string, Verdict>();
    for (const level of LEVELS) {
      const query = { level, windowSeconds: 60, namespaces: new Set<string>(), system: true };
      const summary = this.#summarise({ from: now - HEALTH_WINDOW_MS, to: now }, { query, live: false });
      for (const [id, verdict] of this.#judge(summary)) all.set(id, verdict);
    }
    this.#memory.update(all, now);
  }

  vertex(vertex: VertexSummary, verdictOf: (id: string) => Verdict | undefined): Vertex {
    const { group } = vertex;
    const verdict = verdictOf(group.id) ?? (vertex.partial ? UNKNOWN : WELL);
    return {
      id: group.id,
      level: group.id.slice(0, group.id.indexOf(':')) as Level,
      kind: group.kind,
      name: group.name,
      namespace: group.namespace,
      version: group.version,
      nodes: [...vertex.nodes].sort(),
      external: group.external,
      system: vertex.system,
      members: vertex.members.size,
      inbound: trafficOf(vertex.inbound),
      outbound: trafficOf(vertex.outbound),
      health: verdict.health,
      healthReason: verdict.reason,
      partial: vertex.partial,
    };
  }

  edge(edge: EdgeSummary, verdictOf: (id: string) => (Verdict & { since?: number }) | undefined): Edge {
    const verdict = verdictOf(edge.id) ?? { ...(edge.partial ? UNKNOWN : WELL), since: undefined };
    return {
      id: edge.id,
      source: edge.source.id,
      destination: edge.destination.id,
      sourceName: edge.source.name,
      destinationName: edge.destination.name,
      sourceNamespace: edge.source.namespace,
      destinationNamespace: edge.destination.namespace,
      ports: [...edge.ports]
        .sort((a, b) => b[1] - a[1])
        .slice(0, MOST_PORTS)
        .map(([port]) => port),
      system: edge.system,
      traffic: trafficOf(edge.sum),
      health: verdict.health,
      healthReason: verdict.reason,
      healthSince: verdict.since === undefined ? null : toTime(verdict.since),
      lastFailureAt: edge.lastFailureAt === null ? null : toTime(edge.lastFailureAt),
      seenBy: edge.sum.sides === 3 ? 'both' : edge.sum.sides === 2 ? 'destination' : 'source',
      partial: edge.partial,
      split: splitOf(edge.sum),
      via: edge.via === null ? null : viaOf(edge.via, edge.sum),
      leg: edge.leg === null ? null : legOf(edge.leg, edge.sum),
    };
  }

  /** Legs that say nothing which joined edges do not. */
  toldLegs(summary: Summary, verdictOf: (id: string) => Verdict | undefined): Set<EdgeSummary> {
    return new Set(
      [...summary.edges.values()].filter((edge) => isTold(edge.leg, edge.sum, verdictOf(edge.id))),
    );
  }

  get silentNodes(): string[] {
    return [...this.#silentNodes()].sort();
  }

  /** Connections opened per second over the last whole 10 s. */
  connectionsPerSecond(now: number): number {
    const to = Math.floor(now / FINE_MS) * FINE_MS;
    const query = {
      level: 'namespace' as const,
      windowSeconds: 10,
      namespaces: new Set<string>(),
      system: true,
    };
    let opened = 0;
    for (const edge of this.#summarise({ from: to - FINE_MS, to }, { query, live: false }).edges.values())
      opened += edge.sum.opened;
    return opened / (FINE_MS / 1000);
  }

  /** Connections that are open now; those seen from both ends count once. */
  openConnections(): number {
    const { edges } = this.#aggregator;
    let open = 0;
    edges.forEach((edge) => {
      open += Math.max(edges.open(edge, 0), edges.open(edge, 1));
    });
    return open;
  }

  /** Ends that are open now on a node. */
  openEndsOf(node: string): number {
    const { edges } = this.#aggregator;
    const number = this.#placements.node(node);
    let open = 0;
    edges.forEach((edge) => {
      if (this.#placements.nodeOf(edges.source(edge)) === number) open += edges.open(edge, 0);
      if (this.#placements.nodeOf(edges.destination(edge)) === number) open += edges.open(edge, 1);
    });
    return open;
  }

  #judge(summary: Summary): Map<string, Verdict> {
    if (this.#limits.p99Ms > 0) summary.addSamples(() => true);
    const verdicts = new Map<string, Verdict>();
    for (const edge of summary.edges.values()) {
      const verdict = judge(edge.sum, this.#limits);
      if (verdict !== WELL) verdicts.set(edge.id, verdict);
    }
    for (const vertex of summary.vertices.values()) {
      const verdict = judge(vertex.inbound, this.#limits);
      if (verdict !== WELL) verdicts.set(vertex.group.id, verdict);
    }
    return verdicts;
  }

  #summarise(stretch: Stretch, of: { query: ViewQuery; live: boolean }): Summary {
    const { timeline, edges } = this.#aggregator;
    return new Summary(
      {
        cells: timeline.read.sum({ ...stretch, histograms: false }),
        to: stretch.to,
        eachPart: (visit) =>
          timeline.read.columns({ ...stretch, steps: 1 }, (_, part, of) => visit(part, of)),
        eachFinePart: (of, visit) => timeline.read.finest(of, visit),
        edges,
        placements: this.#placements,
        grouping: this.grouping,
      },
      {
        level: of.query.level,
        system: of.query.system,
        namespaces: of.query.namespaces,
        silent: this.#silentNodes(),
        open: of.live,
      },
    );
  }
}

const UNKNOWN: Verdict = { health: 'unknown', reason: 'node silent' };
const severity = (verdict: Verdict | undefined): number =>
  verdict === undefined ? 0 : SEVERITY[verdict.health];
/** A joined edge has no connections; on any other requests do not count. */
const volume = (sum: TrafficSum): number => sum.opened + sum.failures + sum.open || sum.requests.total;
