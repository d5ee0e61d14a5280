// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@undermesh/core';
import type { MeshView } from '../aggregate/mesh-view.js';
import type { StatusReader } from '../status.js';
import type { LiveOutlet, LiveTopics } from './live.js';
import { TopologyTurn } from './topology-turn.js';
import { topologyQueryOf } from './view-query.js';

const log = createLogger('live');
const STATUS_MS = 1_000;
const TOPOLOGY_MS = 2_000;

/** One thing that is made anew in a rhythm, once for all who want the same. */
class Shared<T> {
  readonly #make: (now: number) => T;
  readonly #takers = new Set<(value: T) => void>();
  readonly #everyMs: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | null = null;
  #made: { readonly at: number; readonly value: T } | null = null;

  constructor(make: (now: number) => T, everyMs: number, onIdle: () => void = () => {}) {
    this.#make = make;
    this.#everyMs = everyMs;
    this.#onIdle = onIdle;
  }

  subscribe(taker: (value: T) => void): () => void {
    const now = Date.now();
    if (this.#made === null || now - this.#made.at > this.#everyMs / 2)
      this.#made = { at: now, value: this.#make(now) };
    taker(this.#made.value);
    this.#takers.add(taker);
    this.#timer ??= setInterval(() => this.#turn(), this.#everyMs);
    return () => {
      this.#takers.delete(taker);
      if (this.#takers.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
      this.#made = null;
      this.#onIdle();
    };
  }

  #turn(): void {
    const now = Date.now();
    try {
      this.#made = { at: now, value: this.#make(now) };
      for (const taker of this.#takers) taker(this.#made.value);
    } catch (error) {
      log.error({ err: error }, 'a live topic could not be made');
    }
  }
}

/** Registers the topics `status` and `topology`. */
export function registerMeshTopics(topics: LiveTopics, of: { status: StatusReader; view: MeshView }): void {
  const status = new Shared((now) => of.status.read(now), STATUS_MS);
  topics.register('status', {
    subscribe: (_request, outlet) =>
      status.subscribe((data) => {
        if (!outlet.congested) outlet.send({ type: 'status', data });
      }),
  });

  const topologies = new Map<string, Shared<TopologyTurn>>();
  topics.register('topology', {
    subscribe(request, outlet) {
      const query = topologyQueryOf(request.query);
      const key = JSON.stringify({ ...query, namespaces: [...query.namespaces].sort() });
      let shared = topologies.get(key);
      if (shared === undefined) {
        shared = new Shared(
          (now) => new TopologyTurn(of.view.topology(query, now)),
          TOPOLOGY_MS,
          () => topologies.delete(key),
        );
        topologies.set(key, shared);
      }
      return shared.subscribe(deltaSender(outlet));
    },
  });
}

/** Sends a topology whole, then what differs from what this client was last sent: a turn that is skipped is made up for. */
function deltaSender(outlet: LiveOutlet): (turn: TopologyTurn) => void {
  let former: TopologyTurn | null = null;
  return (turn) => {
    if (outlet.congested) return;
    outlet.send(former === null ? turn.whole : turn.since(former));
    former = turn;
  };
}
