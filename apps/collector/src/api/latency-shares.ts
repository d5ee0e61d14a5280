// SPDX-License-Identifier: Apache-2.0
import type { Bins } from '../aggregate/bins.js';
import { Distribution, type Side, TIMED_CLASSES } from '../aggregate/cells.js';
import { totalOf } from '../aggregate/histogram.js';
import { lineOf, SampleRoutes } from '../aggregate/sample-routes.js';
import { Sample, sampleOf } from '../aggregate/traffic.js';
import type { LatencyFilter, LatencyScope, LatencyStep } from './latency-window.js';

/** What samples that go the same ways are added to. */
interface Share {
  readonly side: Side;
  readonly isMeasured: boolean;
  readonly isRoundTrip: boolean;
  readonly part: string | null;
}

/**
 * Where the samples of a step go. A window of samples may belong to several sums, but is added once: to a share, which
 * is then added to all of them.
 */
export class LatencyShares {
  readonly #filter: LatencyFilter;
  readonly #isWanted: readonly boolean[];
  readonly #shares: Share[] = [];
  readonly #numbers = new Map<string, number>();
  /** To a share by its number. */
  readonly routes: SampleRoutes;

  /** @param scopes by edge; `edges`: how many edge numbers there are */
  constructor(filter: LatencyFilter, scopes: readonly (LatencyScope | undefined)[], edges: number) {
    this.#filter = filter;
    this.#isWanted = wantedDistributions(filter);
    const lines: number[][] = [];
    const known = new Map<string, number>();
    const lineByEdge = scopes.map((scope) => {
      if (scope === undefined) return -1;
      const { taken } = scope;
      const node = filter.split === 'node' && taken !== null ? scope.nodes[taken] : null;
      const key = `${taken} ${node}`;
      const line = known.get(key) ?? lines.length;
      if (line === lines.length) {
        known.set(key, line);
        lines.push(lineOf((distribution, side) => this.#share({ distribution, side, taken, node })));
      }
      return line;
    });
    this.routes = new SampleRoutes(edges, lines);
    for (const [edge, line] of lineByEdge.entries())
      if (line !== undefined && line >= 0) this.routes.send(edge, line);
  }

  /** Adds what was gathered by share to a step, and its samples by the end that reported them to `samples`. */
  addTo(step: LatencyStep, bins: readonly (Bins | undefined)[], samples: [number, number]): void {
    for (const [at, { side, isMeasured, isRoundTrip, part }] of this.#shares.entries()) {
      const share = bins[at];
      if (share === undefined) continue;
      if (isMeasured) {
        step.bins.addWindow(share);
        samples[side] += totalOf(share);
      }
      if (isRoundTrip) step.roundTrips.addWindow(share);
      if (part !== null) step.part(part).addWindow(share);
    }
  }

  /** The number of the share that some samples belong to, -1 when nobody asks for them. */
  #share(of: { distribution: number; side: Side; taken: Side | null; node: string | null }): number {
    const { distribution, side, taken, node } = of;
    const isTaken = side === taken;
    const isMeasured = isTaken && this.#isWanted[distribution] === true;
    const isRoundTrip = isTaken && distribution === Distribution.roundTripUs;
    const part = this.#partOf(distribution, { side, isMeasured, node });
    if (!isMeasured && !isRoundTrip && part === null) return -1;
    const key = JSON.stringify([side, isMeasured, isRoundTrip, part]);
    const number = this.#numbers.get(key) ?? this.#shares.length;
    if (number === this.#shares.length) {
      this.#numbers.set(key, number);
      this.#shares.push({ side, isMeasured, isRoundTrip, part });
    }
    return number;
  }

  #partOf(distribution: number, of: { side: Side; isMeasured: boolean; node: string | null }): string | null {
    switch (this.#filter.split) {
      case 'node':
        return of.isMeasured ? of.node : null;
      case 'status':
        return of.isMeasured && distribution >= Distribution.firstByteUs ? classOf(distribution) : null;
      case 'time':
        if (sampleOf(distribution) !== Sample.firstByteUs) return null;
        return of.side === 0 ? 'total' : 'application';
      case 'none':
        return null;
    }
  }
}

/** By distribution. */
function wantedDistributions(filter: LatencyFilter): boolean[] {
  const wanted: boolean[] = [];
  for (const distribution of distributionsOf(filter)) wanted[distribution] = true;
  return wanted;
}

/** Histograms that a measure is made of. */
function distributionsOf({ measure, classes }: LatencyFilter): number[] {
  switch (measure) {
    case 'first_byte':
      return classes.map((at) => Distribution.firstByteUs + at);
    case 'last_byte':
      return classes.map((at) => Distribution.lastByteUs + at);
    case 'connect':
      return [Distribution.connectUs];
    case 'round_trip':
      return [Distribution.roundTripUs];
    case 'lifetime':
      return [Distribution.lifetimeUs];
  }
}

const classOf = (distribution: number): string =>
  TIMED_CLASSES[(distribution - Distribution.firstByteUs) % TIMED_CLASSES.length] ?? 'none';
