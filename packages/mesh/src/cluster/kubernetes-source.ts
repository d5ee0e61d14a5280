// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@undermesh/core';
import { Assembler } from '../assemble/assembler.js';
import { USE_WAYPOINT } from '../kubernetes/waypoint-choice.js';
import { formatProblem, type Problem } from '../problem.js';
import type { MeshSource, MeshState } from '../source.js';
import { type ClusterAccess, openAccess } from './access.js';
import { ClusterConnection, type Query } from './connection.js';
import { ClusterLibrary } from './library.js';
import { PodBook } from './pod-book.js';
import { PATIENCE, type Patience, Reflector, type ReflectorCounts } from './reflector.js';
import { type ClusterKind, KINDS, resourceOf } from './resources.js';

export interface KubernetesSourceOptions {
  readonly access: ClusterAccess;
  /** Pods of this node are followed; it is called so in the cluster. */
  readonly node: string;
  readonly log: Logger;
  /** How long events are gathered before they count, ms; default 100. */
  readonly settleMs?: number;
  /** How long {@link KubernetesSource.start} waits for the first lists, ms; default 5,000. */
  readonly startMs?: number;
  readonly patience?: Partial<Patience>;
}

/** Putting a mesh together takes this share of the time at most while everything changes, but waits no longer than that. */
const SHARE = 1 / 20;
const LONGEST_REST_MS = 1_000;
/** So many problems are written to the log at a time; the state holds all. */
const LOGGED_PROBLEMS = 20;

/**
 * The mesh as a cluster's API server describes it: the same model, made in the same way, as from manifests. An object that
 * is wrong leaves what it belongs to as it was; a server that cannot be reached leaves everything as it was. There is no
 * mesh before every kind was listed once.
 */
export class KubernetesSource implements MeshSource {
  /** The pods of this node. */
  readonly pods = new PodBook();
  readonly #options: KubernetesSourceOptions;
  readonly #library: ClusterLibrary;
  readonly #assembler = new Assembler({ errorsCost: 'its service' });
  readonly #listeners = new Set<(state: MeshState) => void>();
  readonly #settleMs: number;
  #reflectors: readonly Reflector<ClusterKind>[] = [];
  #state: MeshState = { mesh: null, problems: [] };
  #said: ReadonlySet<string> = new Set();
  #soon: NodeJS.Timeout | undefined;
  #podsSoon: NodeJS.Immediate | undefined;
  /** The mesh is not put together again before (performance.now()). */
  #restedAtMs = 0;
  #onSynced: (() => void) | undefined;
  #stopped = false;

  constructor(options: KubernetesSourceOptions) {
    this.#options = options;
    this.#settleMs = options.settleMs ?? 100;
    this.#library = new ClusterLibrary({ mesh: () => this.#changed(), pods: () => this.#podsChanged() });
  }

  get state(): MeshState {
    return this.#state;
  }

  /** Kinds that have not been listed yet. */
  get waiting(): readonly ClusterKind[] {
    const synced = new Set(this.#reflectors.filter((one) => one.synced).map(({ resource }) => resource.kind));
    return KINDS.filter((kind) => !synced.has(kind));
  }

  /** By kind; and events that were older than what was known. */
  counts(): { readonly kinds: ReadonlyMap<ClusterKind, ReflectorCounts>; readonly stale: number } {
    const kinds = new Map(this.#reflectors.map(({ resource, counts }) => [resource.kind, counts] as const));
    return { kinds, stale: this.#library.stale };
  }

  subscribe(listener: (state: MeshState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves once all was listed, or could not be for a while: what was in force stays so meanwhile. Throws UndermeshError
   * `cluster_access_invalid`.
   */
  async start(): Promise<void> {
    const { access, node, log, patience, startMs = 5_000 } = this.#options;
    const connection = new ClusterConnection(await openAccess(access));
    log.info({ server: connection.server, node }, 'the mesh is the one of this cluster');
    const synced = new Promise<void>((resolve) => {
      this.#onSynced = resolve;
    });
    this.#reflectors = KINDS.map(
      (kind) =>
        new Reflector({
          connection,
          resource: resourceOf(kind),
          query: queryOf(kind, node),
          sink: this.#library.shelf(kind),
          patience: { ...PATIENCE, ...patience },
          log,
          onState: () => this.#changed(),
        }),
    );
    for (const reflector of this.#reflectors) reflector.start();
    const enough = new AbortController();
    await Promise.race([synced, pause(startMs, undefined, { signal: enough.signal }).catch(() => {})]);
    enough.abort();
    if (this.#state.mesh === null)
      log.warn({ waiting: this.waiting }, 'not listed yet: what is in force stays');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#soon);
    clearImmediate(this.#podsSoon);
    this.#onSynced?.();
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }

  #changed(): void {
    if (this.#stopped) return;
    // The first time there is nothing to gather for.
    const restMs = this.#restedAtMs - performance.now();
    const waitMs = this.#state.mesh === null ? 0 : Math.max(this.#settleMs, restMs);
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#publish();
    }, waitMs);
  }

  /** Sooner than the mesh: a pod that has just come may connect at once. */
  #podsChanged(): void {
    if (this.#stopped) return;
    this.#podsSoon ??= setImmediate(() => {
      this.#podsSoon = undefined;
      if (this.#isListed('Pod') && this.#isListed('Namespace'))
        this.pods.update(this.#library.pods.items(), (namespace) => this.#library.modeOf(namespace));
    });
  }

  #isListed(kind: ClusterKind): boolean {
    return !this.waiting.includes(kind);
  }

  #publish(): void {
    const lacking = this.#connectionProblems();
    if (this.waiting.length > 0) {
      this.#take({ mesh: null, problems: lacking }, 0);
      return;
    }
    const startMs = performance.now();
    const { mesh, problems } = this.#assembler.assemble(this.#library.declarations());
    const tookMs = performance.now() - startMs;
    this.#restedAtMs = performance.now() + Math.min(tookMs / SHARE, LONGEST_REST_MS);
    this.#take({ mesh, problems: once([...lacking, ...this.#library.problems(), ...problems]) }, tookMs);
    this.#podsChanged();
    this.#onSynced?.();
  }

  #take(state: MeshState, tookMs: number): void {
    const before = this.#state;
    const lines = new Set(state.problems.map(formatProblem));
    const sameProblems = lines.size === this.#said.size && [...lines].every((line) => this.#said.has(line));
    if (state.mesh === before.mesh && sameProblems) return;
    this.#report(state, {
      tookMs,
      fresh: state.problems.filter((one) => !this.#said.has(formatProblem(one))),
    });
    this.#said = lines;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  #report(
    { mesh, problems }: MeshState,
    { tookMs, fresh }: { readonly tookMs: number; readonly fresh: readonly Problem[] },
  ): void {
    const { log } = this.#options;
    for (const problem of fresh.slice(0, LOGGED_PROBLEMS))
      log[problem.severity === 'error' ? 'error' : 'warn'](
        { problem: formatProblem(problem) },
        'mesh problem',
      );
    if (mesh === null || mesh === this.#state.mesh) return;
    const { services, waypoints, nodes } = mesh;
    log.info(
      {
        services: services.size,
        waypoints: waypoints.size,
        nodes: nodes.size,
        problems: problems.length,
        tookMs: Math.round(tookMs),
      },
      'the mesh of the cluster was taken',
    );
  }

  #connectionProblems(): Problem[] {
    const kinds = new Map<string, ClusterKind[]>();
    for (const { problem, resource } of this.#reflectors) {
      if (problem === null) continue;
      const same = kinds.get(problem);
      if (same === undefined) kinds.set(problem, [resource.kind]);
      else same.push(resource.kind);
    }
    return [...kinds].map(([problem, of]) => ({
      severity: 'error',
      file: '',
      line: 0,
      column: 0,
      object: '',
      field: '',
      message: `the Kubernetes API does not tell of ${of.join(', ')} (${problem})`,
      mend: 'let the agent reach it and list and watch them; until then what is known stays',
    }));
  }
}

/** Which of a kind there is need for. */
function queryOf(kind: ClusterKind, node: string): Query {
  if (kind === 'Pod') return { fieldSelector: `spec.nodeName=${node}` };
  return kind === 'WaypointUser' ? { labelSelector: USE_WAYPOINT } : {};
}

/** The label of a namespace may be wrong for each of its services. */
const once = (problems: readonly Problem[]): Problem[] => [
  ...new Map(problems.map((problem) => [formatProblem(problem), problem])).values(),
];
