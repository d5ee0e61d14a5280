// SPDX-License-Identifier: Apache-2.0
import type { Level } from '@undermesh/schema';
import { type Cells, Distribution, keyBin, keyCell, keyDistribution } from './cells.js';
import type { EdgeTable } from './edges.js';
import type { Group, Grouping } from './grouping.js';
import type { Placements } from './placements.js';
import { sampleOf, sideTaken, sumOfRow, TrafficSum } from './traffic.js';

/** Figures of all edges between two vertices. */
export interface EdgeSummary {
  readonly id: string;
  readonly source: Group;
  readonly destination: Group;
  readonly sum: TrafficSum;
  /** Connections attempted by destination port. */
  readonly ports: Map<number, number>;
  readonly system: boolean;
  partial: boolean;
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
  readonly cells: Cells;
  readonly edges: EdgeTable;
  readonly placements: Placements;
  readonly grouping: Grouping;
}

/** Edges and vertices of one level out of the finest figures. */
export class Summary {
  readonly edges = new Map<string, EdgeSummary>();
  readonly vertices = new Map<string, VertexSummary>();
  readonly systemEdges = new Set<string>();
  readonly systemVertices = new Set<string>();
  readonly #source: SummarySource;
  readonly #edgeOfRow: (EdgeSummary | undefined)[] = [];
  readonly #sideOfRow: number[] = [];
  readonly #requestSideOfRow: number[] = [];

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
    const wanted = new Map<EdgeSummary, boolean>();
    this.#source.cells.histograms.forEach((key, count) => {
      const row = keyCell(key);
      const edge = this.#edgeOfRow[row];
      if (edge === undefined) return;
      const distribution = keyDistribution(key);
      const which = distribution >>> 1;
      const sides = which < Distribution.firstByteUs ? this.#sideOfRow : this.#requestSideOfRow;
      if ((distribution & 1) !== sides[row]) return;
      let want = wanted.get(edge);
      if (want === undefined) {
        want = wants(edge);
        wanted.set(edge, want);
      }
      if (!want) return;
      const sample = sampleOf(which);
      const bin = keyBin(key);
      edge.sum.addSamples(sample, bin, count);
      this.vertices.get(edge.source.id)?.outbound.addSamples(sample, bin, count);
      this.vertices.get(edge.destination.id)?.inbound.addSamples(sample, bin, count);
    });
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
    const id = `${source.id}>${destination.id}`;
    if (system && !options.system) {
      this.systemEdges.add(id);
      if (sourceWorkload.system) this.systemVertices.add(source.id);
      if (destinationWorkload.system) this.systemVertices.add(destination.id);
      return;
    }
    let edge = this.edges.get(id);
    if (edge === undefined) {
      edge = { id, source, destination, sum: new TrafficSum(), ports: new Map(), system, partial: false };
      this.edges.set(id, edge);
    }
    const attempts = sum.opened + sum.failures + sum.open;
    const port = edges.port(number);
    if (port !== 0) edge.ports.set(port, (edge.ports.get(port) ?? 0) + attempts);
    edge.sum.add(sum);
    this.#edgeOfRow[row] = edge;
    this.#sideOfRow[row] = sideTaken(sum.sides);
    this.#requestSideOfRow[row] = sum.requests.seenBy === 'source' ? 0 : 1;
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
    fromVertex.outbound.add(sum);
    toVertex.inbound.add(sum);
    edge.partial ||= this.#isSilent(from, options.silent) || this.#isSilent(to, options.silent);
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
