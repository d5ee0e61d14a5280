// SPDX-License-Identifier: Apache-2.0
import type { MeshTotalsValue } from '@undermesh/bpf-abi';
import type { PodStanding } from '@undermesh/mesh';
import type { MapUse } from '@undermesh/schema';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { EngineReadback } from '../engine/control.js';
import type { SteeringCounts } from '../engine/steering.js';
import type { NativeSnapshot } from '../native/index.js';
import type { WaypointState } from '../waypoint/index.js';
import { NativeMetrics } from './native-metrics.js';

/** What is steered, as of a scrape. */
export interface MeshSnapshot {
  readonly counts: SteeringCounts;
  /** Since the engine's maps were made: perhaps by an earlier run. */
  readonly totals: MeshTotalsValue;
  readonly readback: EngineReadback;
  /** Those that this agent runs. */
  readonly waypoints: readonly WaypointState[];
  /** Pods of this node by what becomes of their traffic; absent without a cluster. */
  readonly pods: Readonly<Record<PodStanding, number>> | undefined;
  /** Of the kernel-native engine, read when it is called: only for scrapes. */
  readonly native: (() => NativeSnapshot) | undefined;
}

type Reading = (counts: SteeringCounts) => number;

const GAUGES: readonly (readonly [name: string, help: string, read: Reading])[] = [
  ['services', 'Services of the mesh in force', ({ services }) => services],
  ['waypoints', 'Waypoints of the mesh in force', ({ waypoints }) => waypoints],
  ['endpoints', 'Endpoints in the kernel, at ports of services', ({ endpoints }) => endpoints],
  ['endpoints_leaving', 'Endpoints kept for their open connections only', ({ leaving }) => leaving],
  [
    'load_seconds',
    'Time that the last change took, from the model to the last map',
    ({ loadMs }) => loadMs / 1e3,
  ],
];
const COUNTERS: readonly (readonly [name: string, help: string, read: Reading])[] = [
  ['loads_total', 'Configurations written to the kernel', ({ loads }) => loads],
  ['load_failures_total', 'Configurations that could not be written', ({ failures }) => failures],
  ['entries_written_total', 'Map entries written and removed', ({ entriesWritten }) => entriesWritten],
];

/** Metrics of the mesh and of the engine, `undermesh_agent_mesh_*` and `undermesh_agent_engine_*`. */
export class MeshMetrics {
  readonly #gauges: { readonly gauge: Gauge; readonly read: Reading }[];
  readonly #counters: { readonly counter: Counter; readonly read: Reading }[];
  readonly #problems: Gauge<'severity'>;
  readonly #totals: Counter<'event'>;
  readonly #links: Gauge<'hook' | 'state'>;
  readonly #open: Gauge<'generation'>;
  readonly #drift: Gauge;
  readonly #generation: Gauge;
  readonly #engine: Gauge<'engine'>;
  readonly #waypoint: Gauge<'waypoint' | 'state'>;
  readonly #pods: Gauge<'standing'>;
  readonly #mapEntries: Gauge<'map'>;
  readonly #mapLimit: Gauge<'map'>;
  readonly #mapBytes: Gauge<'map'>;
  readonly #native: NativeMetrics;

  constructor(registry: Registry) {
    const named = (name: string, help: string) => ({
      name: `undermesh_agent_${name}`,
      help,
      registers: [registry],
    });
    const mesh = (name: string, help: string) => named(`mesh_${name}`, help);
    this.#gauges = GAUGES.map(([name, help, read]) => ({ gauge: new Gauge(mesh(name, help)), read }));
    this.#counters = COUNTERS.map(([name, help, read]) => ({ counter: new Counter(mesh(name, help)), read }));
    this.#problems = new Gauge({
      ...mesh('problems', 'What manifests hold that cannot be used (error) or is left out (warning)'),
      labelNames: ['severity'],
    });
    this.#totals = new Counter({
      ...mesh('events_total', 'What the engine did with connects and datagrams, since its maps were made'),
      labelNames: ['event'],
    });
    this.#links = new Gauge({
      ...named('engine_links', 'Attachments of the engine: those there ought to be, those there are'),
      labelNames: ['hook', 'state'],
    });
    this.#open = new Gauge({
      ...named('engine_open_connections', 'Steered connections that are open, by generation'),
      labelNames: ['generation'],
    });
    this.#drift = new Gauge(
      named('engine_drift', 'Things that are not as they were put, and could not be mended'),
    );
    this.#generation = new Gauge(named('engine_generation', 'Generation in force, read from the kernel'));
    this.#engine = new Gauge({
      ...named('engine', '1 for the engine in force, read from the kernel'),
      labelNames: ['engine'],
    });
    this.#waypoint = new Gauge({
      ...named(
        'waypoint',
        'Waypoints run here: 1 if HAProxy is running, if it does what the mesh says (current)',
      ),
      labelNames: ['waypoint', 'state'],
    });
    this.#pods = new Gauge({
      ...named('pods', 'Pods of this node by what becomes of their traffic: enrolled, or why not'),
      labelNames: ['standing'],
    });
    this.#mapEntries = new Gauge({ ...named('map_entries', 'Entries in a map'), labelNames: ['map'] });
    this.#mapLimit = new Gauge({
      ...named('map_max_entries', 'Entries that a map takes'),
      labelNames: ['map'],
    });
    this.#mapBytes = new Gauge({ ...named('map_memory_bytes', 'Memory of a map'), labelNames: ['map'] });
    this.#native = new NativeMetrics(registry);
  }

  /** Fills them; without a snapshot nothing is steered. */
  update(snapshot: MeshSnapshot | undefined, maps: readonly MapUse[]): void {
    this.#updateMaps(maps);
    if (snapshot === undefined) return;
    const { counts, totals, readback } = snapshot;
    for (const { gauge, read } of this.#gauges) gauge.set(read(counts));
    for (const { counter, read } of this.#counters) {
      counter.reset();
      counter.inc(read(counts));
    }
    this.#problems.set({ severity: 'error' }, counts.errors);
    this.#problems.set({ severity: 'warning' }, counts.warnings);
    this.#totals.reset();
    for (const [event, total] of Object.entries(totals))
      this.#totals.inc({ event: snake(event) }, Number(total));
    this.#updateEngine(readback);
    if (snapshot.native !== undefined) this.#native.update(snapshot.native());
    for (const [standing, count] of Object.entries(snapshot.pods ?? {})) this.#pods.set({ standing }, count);
    this.#waypoint.reset();
    for (const { waypoint, pid, problem } of snapshot.waypoints) {
      this.#waypoint.set({ waypoint, state: 'running' }, pid === null ? 0 : 1);
      this.#waypoint.set({ waypoint, state: 'current' }, pid !== null && problem === null ? 1 : 0);
    }
  }

  #updateEngine({ engine, generation, available, hooks, openConnections, drift }: EngineReadback): void {
    this.#links.reset();
    for (const { name: hook, expected, attached } of hooks) {
      this.#links.set({ hook, state: 'expected' }, expected);
      this.#links.set({ hook, state: 'attached' }, attached);
    }
    this.#open.reset();
    for (const use of openConnections) this.#open.set({ generation: use.generation }, use.connections);
    this.#drift.set(drift.filter(({ mended }) => !mended).length);
    this.#generation.set(generation);
    for (const name of Object.keys(available)) this.#engine.set({ engine: name }, name === engine ? 1 : 0);
  }

  #updateMaps(maps: readonly MapUse[]): void {
    for (const { name: map, entries, maxEntries, memoryBytes } of maps) {
      this.#mapLimit.set({ map }, maxEntries);
      if (entries !== undefined) this.#mapEntries.set({ map }, entries);
      if (memoryBytes !== undefined) this.#mapBytes.set({ map }, memoryBytes);
    }
  }
}

/** `refusedNoEndpoint` is `refused_no_endpoint`. */
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
