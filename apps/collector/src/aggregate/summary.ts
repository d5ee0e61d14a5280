// SPDX-License-Identifier: Apache-2.0
import { FAILURE_REASONS, type Level } from '@undermesh/schema';
import { BinsBlock } from './bins.js';
import { type Cells, COUNTERS, Counter, type Side } from './cells.js';
import type { EdgeTable } from './edges.js';
import type { Group, Grouping } from './grouping.js';
import { connectsFailed } from './health.js';
import type { Placements } from './placements.js';
import { SampleRoutes, SampleSums, TRAFFIC_LINES, trafficLine } from './sample-routes.js';
import type { CellsPart } from './sealed-cells.js';
import type { Stretch } from './tiers.js';
import { SAMPLES, sideTaken, sumOfRow, TrafficSum } from './traffic.js';
import type { LegOf } from './via.js';

/** Figures of all edges between two vertices. */
export interface EdgeSummary {
  readonly id: string;
  readonly source: Group;
  readonly destination: Group;
  /** The waypoint of a joined edge: it has requests and no connections. */
  readonly via: Group | null;
  /** The leg that it is; `null`: it is none, or more than one. */
  leg: LegOf | null;
  readonly sum: TrafficSum;
  /** Connections attempted by destination port. */
  readonly ports: Map<number, number>;
  readonly system: boolean;
  partial: boolean;
  /** Unix ms, once {@link Summary.addLastFailures} was called; `null`: none that matters. */
  lastFailureAt: number | null;
}

/** Figures of a vertex. */
export interface VertexSummary {
  readonly group: Group;
  readonly inbound: TrafficSum;
  readonly outbound: TrafficSum;
  /** Workload ids and node names seen. */
  readonly members: Set<number>;
  readonly nodes: Set<string>;
  system: boolean;
  partial: boolean;
}

export interface SummaryOptions {
  readonly level: Level;
  /** Include Undermesh's own traffic. */
  readonly system: boolean;
  /** Only edges that touch one of these; empty: all. */
  readonly namespaces: ReadonlySet<string>;
  /** Nodes whose figures are missing. */
  readonly silent: ReadonlySet<string>;
  /** Whether what is open now belongs to it: false for windows of the past. */
  readonly open: boolean;
}

export interface SummarySource {
  /** Counters of the stretch that is summed up; samples are read from its parts. */
  readonly cells: Cells;
  /** When the stretch ends, Unix ms. */
  readonly to: number;
  /** `of`: what the part covers. */
  readonly eachPart: (visit: (part: CellsPart, of: Stretch) => void) => void;
  /** The same of what one of those parts covers, as finely as it is kept. */
  readonly eachFinePart: (of: Stretch, visit: (part: CellsPart, of: Stretch) => void) => void;
  readonly edges: EdgeTable;
  readonly placements: Placements;
  readonly grouping: Grouping;
}

/** Where the figures of one row went, and whose word was taken for connections and for requests. */
interface TakenRow {
  readonly edge: EdgeSummary;
  readonly side: Side;
  readonly requestSide: Side;
}

function hasFailures(part: CellsPart, row: number, side: Side): boolean {
  for (let i = 0; i < FAILURE_REASONS.length; i++)
    if (part.get(row, side * COUNTERS + Counter.failed + i) > 0) return true;
  return false;
}

/** Edges and vertices of one level out of the finest figures. */
export class Summary {
  readonly edges = new Map<string, EdgeSummary>();
  readonly vertices = new Map<string, VertexSummary>();
  readonly systemEdges = new Set<string>();
  readonly systemVertices = new Set<string>();
  readonly #source: SummarySource;
  /** By edge number. */
  readonly #taken = new Map<number, TakenRow>();

  constructor(source: SummarySource, options: SummaryOptions) {
    this.#source = source;
    const { cells, edges } = source;
    if (options.open) {
      edges.forEach((edge) => {
        if (edges.open(edge, 0) > 0 || edges.open(edge, 1) > 0) cells.row(edge);
      });
    }
    for (let row = 0; row < cells.count; row++) this.#addRow(row, options);
  }

  /** Reads the histograms of the edges that `wants` and of the vertices they touch. Call it once. */
  addSamples(wants: (edge: EdgeSummary) => boolean): void {
    const edges = [...this.edges.values()].filter(wants);
    const sums = new Map<TrafficSum, number>();
    for (const edge of edges) sums.set(edge.sum, sums.size * SAMPLES);
    for (const edge of edges)
      for (const sum of this.#endsOf(edge)) if (!sums.has(sum)) sums.set(sum, sums.size * SAMPLES);
    const routes = this.#routesTo(sums);
    const parts: CellsPart[] = [];
    this.#source.eachPart((part) => parts.push(part));
    const block = new BinsBlock(sums.size * SAMPLES);
    for (const part of parts) part.sendSamples(routes, block);
    this.#passOn(edges, sums, (from, to) => block.expectAll(to, from));
    const bins = block.make();
    const sink = new SampleSums(bins);
    for (const part of parts) part.sendSamples(routes, sink);
    this.#passOn(edges, sums, (from, to) => {
      const sample = bins[from];
      if (sample !== undefined) bins[to]?.addWindow(sample);
    });
    for (const [sum, at] of sums) sum.samples = bins.slice(at, at + SAMPLES);
  }

  /** Finds out when connects failed last, on edges where enough did. */
  addLastFailures(): void {
    const failing = new Map([...this.#taken].filter(([, { edge }]) => connectsFailed(edge.sum)));
    if (failing.size === 0) return;
    /** The last part that each edge failed in. */
    const last = new Map<EdgeSummary, Stretch>();
    const note = (part: CellsPart, of: Stretch): void => {
      for (let row = 0; row < part.count; row++) {
        const taken = failing.get(part.edge(row));
        if (taken === undefined || of.from < (last.get(taken.edge)?.from ?? 0)) continue;
        if (hasFailures(part, row, taken.side)) last.set(taken.edge, of);
      }
    };
    this.#source.eachPart(note);
    for (const of of new Set(last.values())) this.#source.eachFinePart(of, note);
    for (const [edge, of] of last) edge.lastFailureAt = Math.min(of.to, this.#source.to);
  }

  /** The figures of an edge's vertices that it belongs to. */
  *#endsOf({ source, destination, via }: EdgeSummary): Iterable<TrafficSum> {
    // Its legs are figures of theirs.
    if (via !== null) return;
    const from = this.vertices.get(source.id);
    if (from !== undefined) yield from.outbound;
    const to = this.vertices.get(destination.id);
    if (to !== undefined) yield to.inbound;
  }

  /** Calls back for each sample of each edge with its number and that of the vertices' sample it belongs to. */
  #passOn(
    edges: readonly EdgeSummary[],
    sums: ReadonlyMap<TrafficSum, number>,
    visit: (from: number, to: number) => void,
  ): void {
    for (const edge of edges) {
      const from = sums.get(edge.sum) ?? 0;
      for (const end of this.#endsOf(edge)) {
        const to = sums.get(end) ?? 0;
        for (let sample = 0; sample < SAMPLES; sample++) visit(from + sample, to + sample);
      }
    }
  }

  /** Where the samples of each edge go. */
  #routesTo(sums: ReadonlyMap<TrafficSum, number>): SampleRoutes {
    const routes = new SampleRoutes(this.#source.edges.top, TRAFFIC_LINES);
    for (const [number, { edge, side, requestSide }] of this.#taken) {
      const at = sums.get(edge.sum);
      if (at !== undefined) routes.send(number, trafficLine(side, requestSide), at);
    }
    return routes;
  }

  #addRow(row: number, options: SummaryOptions): void {
    const { cells, edges, placements, grouping } = this.#source;
    const number = cells.edge(row);
    const open = options.open ? ([edges.open(number, 0), edges.open(number, 1)] as const) : ([0, 0] as const);
    const sum = sumOfRow(cells, row, open);
    if (sum.sides === 0) return;
    const from = edges.source(number);
    const to = edges.destination(number);
    const sourceWorkload = placements.get(placements.workloadOf(from));
    const destinationWorkload = placements.get(placements.workloadOf(to));
    if (sourceWorkload === undefined || destinationWorkload === undefined) return;
    const { namespaces } = options;
    if (
      namespaces.size > 0 &&
      !namespaces.has(sourceWorkload.namespace) &&
      !namespaces.has(destinationWorkload.namespace)
    ) {
      return;
    }
    const source = grouping.group(options.level, from);
    const destination = grouping.group(options.level, to);
    const system = sourceWorkload.system || destinationWorkload.system;
    const waypoint = edges.via(number);
    const via = waypoint === 0 ? null : grouping.group(options.level, waypoint);
    const id = `${source.id}>${destination.id}${via === null ? '' : `|${via.id}`}`;
    if (system && !options.system) {
      this.systemEdges.add(id);
      if (sourceWorkload.system) this.systemVertices.add(source.id);
      if (destinationWorkload.system) this.systemVertices.add(destination.id);
      return;
    }
    const leg = via === null ? this.#legOf(number, { source, destination }) : null;
    let edge = this.edges.get(id);
    if (edge === undefined) {
      edge = {
        id,
        source,
        destination,
        via,
        leg,
        sum,
        ports: new Map(),
        system,
        partial: false,
        lastFailureAt: null,
      };
      this.edges.set(id, edge);
    } else {
      if (edge.leg?.side !== leg?.side || edge.leg?.waypoint !== leg?.waypoint) edge.leg = null;
      edge.sum.add(sum);
    }
    const attempts = sum.opened + sum.failures + sum.open;
    const port = edges.port(number);
    if (port !== 0) edge.ports.set(port, (edge.ports.get(port) ?? 0) + attempts);
    this.#taken.set(number, {
      edge,
      side: sideTaken(sum.sides),
      requestSide: sum.requests.seenBy === 'source' ? 0 : 1,
    });
    const fromVertex = this.#vertex(source, {
      placement: from,
      system: sourceWorkload.system,
      silent: options.silent,
    });
    const toVertex = this.#vertex(destination, {
      placement: to,
      system: destinationWorkload.system,
      silent: options.silent,
    });
    if (via === null) {
      fromVertex.outbound.add(sum);
      toVertex.inbound.add(sum);
    }
    edge.partial ||= this.#isSilent(from, options.silent) || this.#isSilent(to, options.silent);
  }

  #legOf(edge: number, of: { readonly source: Group; readonly destination: Group }): LegOf | null {
    const { edges } = this.#source;
    if (edges.isWaypoint(edges.destination(edge))) return { side: 'client', waypoint: of.destination };
    if (edges.isWaypoint(edges.source(edge))) return { side: 'server', waypoint: of.source };
    return null;
  }

  #isSilent(placement: number, silent: ReadonlySet<string>): boolean {
    const { placements } = this.#source;
    return silent.size > 0 && silent.has(placements.nodeName(placements.nodeOf(placement)));
  }

  #vertex(
    group: Group,
    seen: { placement: number; system: boolean; silent: ReadonlySet<string> },
  ): VertexSummary {
    const { placements } = this.#source;
    let vertex = this.vertices.get(group.id);
    if (vertex === undefined) {
      vertex = {
        group,
        inbound: new TrafficSum(),
        outbound: new TrafficSum(),
        members: new Set(),
        nodes: new Set(),
        system: seen.system,
        partial: false,
      };
      this.vertices.set(group.id, vertex);
    }
    const node = placements.nodeName(placements.nodeOf(seen.placement));
    if (node !== '') vertex.nodes.add(node);
    vertex.members.add(placements.workloadOf(seen.placement));
    vertex.system &&= seen.system;
    vertex.partial ||= seen.silent.has(node);
    return vertex;
  }
}
