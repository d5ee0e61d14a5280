// SPDX-License-Identifier: Apache-2.0
import { Counter, Gauge, type Registry } from 'prom-client';
import type { NativeSnapshot, RouteTotals } from '../native/index.js';

/** Routes with a series of their own, the busiest ones; the others are one, `other`. */
const ROUTES_MAX = 200;
const GAUGES: ReadonlySet<string> = new Set(['deferrals', 'routers', 'operations']);

/** Metrics of the kernel-native engine: `undermesh_agent_native_*` and `undermesh_agent_route_requests_total`. */
export class NativeMetrics {
  readonly #module: Gauge;
  readonly #events: Counter<'event'>;
  readonly #state: Gauge<'of'>;
  readonly #requests: Counter<'route' | 'outcome'>;

  constructor(registry: Registry) {
    const named = (name: string, help: string) => ({
      name: `undermesh_agent_${name}`,
      help,
      registers: [registry],
    });
    this.#module = new Gauge(named('native_module', '1 if the kernel module is loaded'));
    this.#events = new Counter({
      ...named('native_module_events_total', 'What the kernel module counts, over all network namespaces'),
      labelNames: ['event'],
    });
    this.#state = new Gauge({
      ...named('native_module_state', 'What there is in the kernel module: deferrals, routers, operations'),
      labelNames: ['of'],
    });
    this.#requests = new Counter({
      ...named(
        'route_requests_total',
        `Requests that the kernel took by a route: sent on, rejected, or over its limit; of the ${ROUTES_MAX} busiest routes, and other`,
      ),
      labelNames: ['route', 'outcome'],
    });
  }

  update({ module, counters, routes }: NativeSnapshot): void {
    this.#module.set(module.loaded ? 1 : 0);
    this.#events.reset();
    this.#state.reset();
    for (const [name, value] of counters) {
      if (GAUGES.has(name)) this.#state.set({ of: name }, value);
      else this.#events.inc({ event: name }, value);
    }
    this.#requests.reset();
    for (const { route, requests, rejected, limited } of bounded(routes)) {
      this.#requests.inc({ route, outcome: 'sent' }, requests - rejected - limited);
      this.#requests.inc({ route, outcome: 'rejected' }, rejected);
      this.#requests.inc({ route, outcome: 'limited' }, limited);
    }
  }
}

function bounded(routes: readonly RouteTotals[]): RouteTotals[] {
  const busiest = [...routes].sort((a, b) => b.requests - a.requests);
  return busiest.map((totals, at) => (at < ROUTES_MAX ? totals : { ...totals, route: 'other' }));
}
