// SPDX-License-Identifier: Apache-2.0
import type { NativeReport, NativeRoute } from '@undermesh/schema';
import { type HitCounts, NodeNative, rowKey } from './node-native.js';

/** What all kernels together did by a route and one of its backends. Only grows. */
export interface RouteTotal {
  readonly route: Pick<NativeRoute, 'number' | 'service' | 'route' | 'rule' | 'backend'>;
  requests: number;
  rejected: number;
  limited: number;
}

/** Routes with backends that are added up over nodes at most. */
const MOST_TOTALS = 5_000;

/** What nodes tell of their kernel-native engines. Totals over nodes are bounded: what finds no room is counted. */
export class NativeBook {
  readonly #nodes = new Map<string, NodeNative>();
  readonly #instances = new Map<string, string>();
  readonly #totals = new Map<string, RouteTotal>();
  /** Requests whose route and backend found no room among {@link totals}. */
  overflow = 0;

  /** A node's agent said hello. */
  greet(node: string, instance: string): void {
    if (this.#instances.get(node) !== instance) this.#nodes.get(node)?.forget();
    this.#instances.set(node, instance);
  }

  /** A report told of the engine. */
  take(node: string, report: NativeReport, at: number): void {
    let native = this.#nodes.get(node);
    if (native === undefined) {
      native = new NodeNative();
      this.#nodes.set(node, native);
    }
    native.take(report, at, (route, by) => this.#add(route, by));
  }

  /** Nodes that tell of the engine, with their newest word. */
  *nodes(): Iterable<[string, NodeNative & { readonly report: NativeReport }]> {
    for (const [node, native] of this.#nodes) {
      if (native.report !== null) yield [node, native as NodeNative & { readonly report: NativeReport }];
    }
  }

  /** Over all nodes, since the collector first heard of each row. */
  totals(): Iterable<RouteTotal> {
    return this.#totals.values();
  }

  /** What nodes call the routes, by number. */
  names(): Map<number, NativeRoute> {
    const names = new Map<number, NativeRoute>();
    for (const [, { report }] of this.nodes()) {
      for (const route of report.routes) names.set(route.number, route);
    }
    return names;
  }

  #add(route: NativeRoute, by: HitCounts): void {
    const key = rowKey(route);
    let total = this.#totals.get(key);
    if (total === undefined) {
      if (this.#totals.size >= MOST_TOTALS) {
        this.overflow += by.requests;
        return;
      }
      const { number, service, route: name, rule, backend } = route;
      total = {
        route: { number, service, route: name, rule, backend },
        requests: 0,
        rejected: 0,
        limited: 0,
      };
      this.#totals.set(key, total);
    }
    total.requests += by.requests;
    total.rejected += by.rejected;
    total.limited += by.limited;
  }
}
