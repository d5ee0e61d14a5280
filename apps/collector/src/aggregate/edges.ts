// SPDX-License-Identifier: Apache-2.0
import { CELL_COUNTERS, COUNTERS, type Side } from './cells.js';
import { grown } from './grown.js';
import { KeyTable } from './key-table.js';
import type { Placements } from './placements.js';

/**
 * Pairs of workloads: what Prometheus sees. Totals grow over the collector's life and never shrink, whatever the
 * edges do.
 */
export class PairTable {
  readonly #table = new KeyTable(1024);
  #totals: Float64Array = new Float64Array(1024 * CELL_COUNTERS);

  get count(): number {
    return this.#table.top;
  }

  /** @param joined the pair has requests through waypoints alone */
  pair(source: number, destination: number, joined = false): number {
    const pair = this.#table.insert(source, destination, joined ? 1 : 0);
    this.#totals = grown(this.#totals, this.#table.capacity * CELL_COUNTERS);
    return pair;
  }

  source(pair: number): number {
    return this.#table.word(pair, 0);
  }

  destination(pair: number): number {
    return this.#table.word(pair, 1);
  }

  isJoined(pair: number): boolean {
    return this.#table.word(pair, 2) !== 0;
  }

  add(pair: number, counter: number, amount: number): void {
    const at = pair * CELL_COUNTERS + counter;
    this.#totals[at] = (this.#totals[at] ?? 0) + amount;
  }

  total(pair: number, counter: number): number {
    return this.#totals[pair * CELL_COUNTERS + counter] ?? 0;
  }

  /** Whether an end on this side was ever seen. */
  seen(pair: number, side: Side): boolean {
    const at = pair * CELL_COUNTERS + side * COUNTERS;
    for (let counter = 0; counter < COUNTERS; counter++)
      if ((this.#totals[at + counter] ?? 0) > 0) return true;
    return false;
  }
}

/**
 * From placement to placement, to a port: the finest thing that is counted. What requests do through a waypoint is on edges
 * of their own, from client to server.
 */
export class EdgeTable {
  readonly #table = new KeyTable(1024);
  readonly #placements: Placements;
  readonly #maxEdges: number;
  #pairs: Int32Array = new Int32Array(1024);
  #open: Int32Array = new Int32Array(1024 * 2);
  #usedAt: Float64Array = new Float64Array(1024);
  readonly #waypoints = new Set<number>();
  readonly pairs = new PairTable();
  /** Times that an edge was folded into the one between its workloads' `port 0`, or into nothing finer. */
  folded = 0;

  constructor(placements: Placements, maxEdges: number) {
    this.#placements = placements;
    this.#maxEdges = maxEdges;
  }

  get size(): number {
    return this.#table.size;
  }

  /** Highest edge number plus one. */
  get top(): number {
    return this.#table.top;
  }

  /** The number of an edge, `via` a placement or none (0). Above the cap, ports are folded into port 0, so that totals stay right. */
  edge(source: number, destination: number, port: number, via = 0): number {
    const known = this.#table.find(source, destination, port, via);
    if (known >= 0) return known;
    if (this.#table.size >= this.#maxEdges && port !== 0) {
      this.folded++;
      return this.edge(source, destination, 0, via);
    }
    if (via !== 0) this.addWaypoint(via);
    const edge = this.#table.insert(source, destination, port, via);
    const capacity = this.#table.capacity;
    if (capacity > this.#pairs.length) {
      this.#pairs = grown(this.#pairs, capacity);
      this.#open = grown(this.#open, capacity * 2);
      this.#usedAt = grown(this.#usedAt, capacity);
    }
    this.#pairs[edge] = this.pairs.pair(
      this.#placements.workloadOf(source),
      this.#placements.workloadOf(destination),
      via !== 0,
    );
    this.#open[edge * 2] = 0;
    this.#open[edge * 2 + 1] = 0;
    return edge;
  }

  source(edge: number): number {
    return this.#table.word(edge, 0);
  }

  destination(edge: number): number {
    return this.#table.word(edge, 1);
  }

  port(edge: number): number {
    return this.#table.word(edge, 2);
  }

  /** Placement of the waypoint between both; 0: connections go all the way. */
  via(edge: number): number {
    return this.#table.word(edge, 3);
  }

  /** Edges that begin or end at this placement are legs. */
  addWaypoint(placement: number): void {
    this.#waypoints.add(placement);
  }

  /** Whether requests through a placement are joined. */
  isWaypoint(placement: number): boolean {
    return this.#waypoints.has(placement);
  }

  /** Whether an edge begins or ends at a waypoint. */
  isLeg(edge: number): boolean {
    if (this.#waypoints.size === 0) return false;
    return this.isWaypoint(this.source(edge)) || this.isWaypoint(this.destination(edge));
  }

  pair(edge: number): number {
    return this.#pairs[edge] ?? 0;
  }

  open(edge: number, side: Side): number {
    return this.#open[edge * 2 + side] ?? 0;
  }

  addOpen(edge: number, side: Side, amount: number): void {
    this.#open[edge * 2 + side] = (this.#open[edge * 2 + side] ?? 0) + amount;
  }

  touch(edge: number, now: number): void {
    this.#usedAt[edge] = now;
  }

  /** Forgets edges without traffic since `before` and without open connections that nobody needs. */
  forgetIdle(before: number, isNeeded: (edge: number) => boolean): void {
    this.#table.forEach((edge) => {
      const isIdle =
        (this.#usedAt[edge] ?? 0) < before && this.open(edge, 0) === 0 && this.open(edge, 1) === 0;
      if (isIdle && !isNeeded(edge)) this.#table.remove(edge);
    });
  }

  forEach(visit: (edge: number) => void): void {
    this.#table.forEach(visit);
  }
}
