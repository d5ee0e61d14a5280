// SPDX-License-Identifier: Apache-2.0
import { type Logger, messageOf } from '@undermesh/core';
import type { Mesh, MeshSource, MeshState } from '@undermesh/mesh';
import type { Engine } from '../kernel/index.js';
import {
  type Change,
  type Contents,
  compile,
  contentsDifference,
  difference,
  flatten,
  type IdBook,
  type Locality,
  type NotExpressible,
  notExpressible,
  type ServiceNames,
  serviceNumbers,
} from '../mesh/index.js';

/** What joins a source of the mesh with the engine. */
export interface SteeringOptions {
  readonly engine: Engine;
  readonly source: MeshSource;
  /** Of the endpoints that {@link engine} has. */
  readonly book: IdBook;
  /** Told what services are called before a connection is steered by them. */
  readonly names: ServiceNames;
  /** Name of this node. */
  readonly node: string;
  /** As configured; `null`: as the mesh says of this node. */
  readonly zone: string | null;
  readonly region: string | null;
  /** Addresses and prefixes that waypoints of this node believe, besides those in the mesh; `null`: it has none. */
  readonly trusted: readonly string[] | null;
  readonly log: Logger;
}

/** What has become of the mesh's configuration. */
export interface SteeringCounts {
  readonly services: number;
  readonly waypoints: number;
  /** Endpoints in the kernel, and those among them that are kept for their open connections only. */
  readonly endpoints: number;
  readonly leaving: number;
  /** What the source cannot use, and what it leaves out. */
  readonly errors: number;
  readonly warnings: number;
  /** Configurations written, and those that could not be. */
  readonly loads: number;
  readonly failures: number;
  /** Map entries written and removed. */
  readonly entriesWritten: number;
  /** The last one: from the source's word to the last entry, ms. */
  readonly loadMs: number;
}

/** Pause after a failure to write, ms. */
const AGAIN_MS = 5_000;

/** Keeps the engine's maps as the mesh says. What cannot be used leaves the last good configuration in force. */
export class Steering {
  readonly #options: SteeringOptions;
  readonly #unsubscribe: () => void;
  /** As written last; without it all is compared with what is in the kernel. */
  #contents: Contents | undefined;
  #taken: Mesh | null = null;
  #againAtMs = Number.POSITIVE_INFINITY;
  #problem: string | undefined;
  readonly #counts = { loads: 0, failures: 0, entriesWritten: 0, loadMs: 0 };

  constructor(options: SteeringOptions) {
    this.#options = options;
    this.#unsubscribe = options.source.subscribe((state) => this.#take(state));
  }

  /** Resolves once the kernel has what the source had at the start, if it can be used. */
  async start(): Promise<void> {
    await this.#options.source.start();
    this.#take(this.#options.source.state);
  }

  /** The kernel keeps what it has. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#options.source.stop();
  }

  /** Once a second. Never throws. */
  tick(): void {
    const { engine, source, log } = this.#options;
    try {
      engine.tick();
      if (performance.now() > this.#againAtMs) this.#take(source.state);
      this.#problem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) log.error({ err: error }, 'looking after the engine failed');
      this.#problem = problem;
    }
  }

  get counts(): SteeringCounts {
    const { engine, source } = this.#options;
    const { problems } = source.state;
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    return {
      services: this.#taken?.services.size ?? 0,
      waypoints: this.#taken?.waypoints.size ?? 0,
      endpoints: engine.maps.written.endpoints.size,
      leaving: engine.maps.leaving,
      errors,
      warnings: problems.length - errors,
      ...this.#counts,
    };
  }

  /** As in force. */
  get mesh(): Mesh | null {
    return this.#taken;
  }

  /** Services whose routes the kernel cannot go by. */
  get notExpressible(): readonly NotExpressible[] {
    return this.#contents === undefined ? [] : notExpressible(this.#contents);
  }

  #take({ mesh }: MeshState): void {
    if (mesh === null || mesh === this.#taken) return;
    const { engine, names, log } = this.#options;
    const startMs = performance.now();
    try {
      const contents = this.#compile(mesh);
      const changes =
        this.#contents === undefined
          ? difference(engine.maps.written, flatten(contents.values()))
          : contentsDifference(this.#contents, contents);
      this.#contents = undefined;
      for (const [key, id] of serviceNumbers(contents)) names.learn(id, key);
      engine.maps.write(changes);
      engine.waypoints.trust(this.#trusted(mesh));
      this.#contents = contents;
      this.#taken = mesh;
      this.#againAtMs = Number.POSITIVE_INFINITY;
      this.#count(changes, performance.now() - startMs);
    } catch (error) {
      this.#counts.failures++;
      this.#againAtMs = performance.now() + AGAIN_MS;
      log.error({ err: error }, 'the mesh could not be written to the kernel: it is tried again');
    }
  }

  #compile(mesh: Mesh): Contents {
    const { book, node } = this.#options;
    const self = mesh.nodes.get(node);
    const zone = this.#options.zone ?? self?.zone ?? null;
    const region = this.#options.region ?? self?.region ?? null;
    const here: Locality = { node, zone, region };
    const previous = this.#contents;
    const prefaces = this.#options.engine.extras.preface === true;
    const { routeRoom } = this.#options.engine.maps;
    return compile(mesh, {
      here,
      book,
      prefaces,
      routeRoom,
      ...(previous === undefined ? {} : { previous }),
    });
  }

  /** Nodes of the mesh, and the workloads on them as far as they are known. */
  #trusted(mesh: Mesh): Set<string> {
    const trusted = new Set(this.#options.trusted ?? []);
    if (this.#options.trusted === null) return trusted;
    for (const { addresses, podPrefixes } of mesh.nodes.values()) {
      for (const address of [...addresses.v4, ...addresses.v6, ...podPrefixes]) trusted.add(address);
    }
    for (const { endpoints } of mesh.services.values()) {
      for (const { address, node } of endpoints)
        if (node !== null && mesh.nodes.has(node)) trusted.add(address);
    }
    return trusted;
  }

  #count(changes: readonly Change[], tookMs: number): void {
    const entries = changes.reduce((sum, change) => sum + change.entries.length, 0);
    this.#counts.loads++;
    this.#counts.entriesWritten += entries;
    this.#counts.loadMs = tookMs;
    const { log, engine } = this.#options;
    log.info({ entries, total: engine.maps.size, tookMs: Math.round(tookMs) }, 'the mesh is in the kernel');
  }
}
