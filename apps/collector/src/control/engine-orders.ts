// SPDX-License-Identifier: Apache-2.0
import { type Change, ENGINES, type Engine, type EngineDecider } from '@undermesh/schema';

/** What was asked for last. */
export interface Order {
  readonly engine: Engine;
  readonly generation: number;
  readonly setBy: EngineDecider;
  readonly who: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly since: string;
  /** Number of the change. */
  readonly change: number;
}

/** What is to be known of one node to order anything. */
export interface NodeOrders {
  /** `null`: nothing was ever ordered; the node's configuration holds. */
  readonly order: Order | null;
  /** What holds again when a label is taken away. */
  readonly api: Order | null;
  /** The newest that was ever given. */
  readonly generation: number;
  /** The newest that the node did not carry out; 0: none. */
  readonly refused: number;
  /** What has drifted and has not been put right. */
  readonly drift: ReadonlySet<string>;
  /** When each thing that ever drifted was noticed last; the latest {@link MOST_DRIFTED} of them. */
  readonly driftedAt: ReadonlyMap<string, string>;
}

const MOST_DRIFTED = 64;

const NONE: NodeOrders = {
  order: null,
  api: null,
  generation: 0,
  refused: 0,
  drift: new Set(),
  driftedAt: new Map(),
};

/** Desired engines by node: the fold of the change log. */
export class EngineOrders {
  readonly #nodes = new Map<string, NodeOrders>();

  of(node: string): NodeOrders {
    return this.#nodes.get(node) ?? NONE;
  }

  /** Nodes that something was ordered of. */
  nodes(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** Nothing is known: what there is, is about to be told anew. */
  clear(): void {
    this.#nodes.clear();
  }

  /** Takes one change in. */
  fold(change: Change): void {
    const node = this.of(change.subject);
    switch (change.kind) {
      case 'engine_set':
      case 'engine_adopted': {
        const order = orderOf(change);
        if (order === null) return;
        const api = order.setBy === 'api' ? order : order.setBy === 'label' ? node.api : null;
        const generation = Math.max(node.generation, order.generation);
        this.#nodes.set(change.subject, { ...node, order, api, generation });
        return;
      }
      case 'engine_refused':
        this.#nodes.set(change.subject, { ...node, refused: change.order?.generation ?? 0 });
        return;
      case 'engine_drifted': {
        const what = change.detail ?? '';
        const others = [...node.driftedAt].filter(([name]) => name !== what).slice(1 - MOST_DRIFTED);
        this.#nodes.set(change.subject, {
          ...node,
          drift: new Set([...node.drift, what]),
          driftedAt: new Map([...others, [what, change.time]]),
        });
        return;
      }
      case 'engine_mended': {
        const drift = [...node.drift].filter((what) => what !== change.detail);
        this.#nodes.set(change.subject, { ...node, drift: new Set(drift) });
        return;
      }
      case 'log_broken':
        // Nobody vouches for what was desired last: nodes tell what they run.
        for (const [name, { generation }] of this.#nodes) this.#nodes.set(name, { ...NONE, generation });
        return;
      default:
    }
  }
}

function orderOf({ order, after, time, number }: Change): Order | null {
  const engine = ENGINES.find((name) => name === after);
  return order === undefined || engine === undefined
    ? null
    : { ...order, engine, since: time, change: number };
}
