// SPDX-License-Identifier: Apache-2.0
import { type Logger, messageOf } from '@undermesh/core';
import { Assembler } from '../assemble/assembler.js';
import type { Declaration } from '../kubernetes/declaration.js';
import { formatProblem, type Problem } from '../problem.js';
import type { MeshSource, MeshState } from '../source.js';
import { listManifests } from './directory.js';
import { Library } from './library.js';
import { DirectoryWatcher } from './watcher.js';

export interface ManifestSourceOptions {
  /** Holds Kubernetes YAML: `*.yaml`, `*.yml`, `*.json`, also in directories within. */
  readonly directory: string;
  readonly log: Logger;
  /** Quiet time after a write before it counts; default 100 ms. */
  readonly settleMs?: number;
  /** How often the directory is looked at though nothing was heard of it; default 5,000 ms. */
  readonly pollMs?: number;
}

/** A look at the directory may take this share of the time at most. */
const POLL_SHARE = 1 / 500;
const LONGEST_POLL_MS = 60_000;
/** Files that are written all the time are taken after so long nevertheless. */
const PATIENCE_MS = 400;
/** So many problems are written to the log; the state holds all. */
const LOGGED_PROBLEMS = 20;

/** The mesh as manifests on disk describe it. */
export class ManifestSource implements MeshSource {
  readonly #options: ManifestSourceOptions;
  readonly #library = new Library();
  readonly #assembler = new Assembler({ errorsCost: 'everything' });
  readonly #settleMs: number;
  readonly #watcher: DirectoryWatcher;
  readonly #listeners = new Set<(state: MeshState) => void>();
  #state: MeshState = { mesh: null, problems: [] };
  #poll: NodeJS.Timeout | undefined;
  #pollMs: number;
  #loading: Promise<void> | null = null;
  #again = false;
  /** The stamp of the listing that {@link state} was made of. */
  #taken: string | null = null;
  #stopped = false;

  constructor(options: ManifestSourceOptions) {
    this.#options = options;
    this.#pollMs = options.pollMs ?? 5_000;
    this.#settleMs = options.settleMs ?? 100;
    this.#watcher = new DirectoryWatcher(() => void this.refresh());
  }

  get state(): MeshState {
    return this.#state;
  }

  subscribe(listener: (state: MeshState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    await this.refresh();
    this.#schedulePoll();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#poll);
    this.#watcher.close();
    await this.#loading;
  }

  /** Looks at the directory now. Resolves once {@link state} holds what is there; never rejects. */
  refresh(): Promise<void> {
    if (this.#loading !== null) {
      this.#again = true;
      return this.#loading;
    }
    this.#loading = this.#loadUntilSettled().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #loadUntilSettled(): Promise<void> {
    const patienceEndsMs = performance.now() + PATIENCE_MS;
    do {
      this.#again = false;
      try {
        const settled = await this.#load(performance.now() > patienceEndsMs);
        if (settled) continue;
        this.#again = true;
        await new Promise((resolve) => setTimeout(resolve, this.#settleMs));
      } catch (error) {
        this.#taken = null;
        this.#publish({ mesh: this.#state.mesh, problems: [noDirectory(this.#options.directory, error)] }, 0);
      }
    } while (this.#again && !this.#stopped);
  }

  /** `false`: it has to be done again, as something changed under it or a moment before. */
  async #load(impatient: boolean): Promise<boolean> {
    const startMs = performance.now();
    const listing = await listManifests(this.#options.directory);
    if (this.#stopped) return true;
    this.#watcher.watch(listing.directories);
    if (listing.stamp === this.#taken) return true;
    const quietMs = Date.now() - listing.changedAtMs;
    if (!impatient && quietMs >= 0 && quietMs < this.#settleMs) return false;
    await this.#library.update(listing.files);
    const { stamp } = await listManifests(this.#options.directory);
    if (this.#stopped) return true;
    if (!impatient && stamp !== listing.stamp) return false;
    this.#taken = listing.stamp;
    this.#publish(this.#assemble(), performance.now() - startMs);
    return true;
  }

  /** With a document that cannot be used nothing is put together: what would be missing from it is not missing. */
  #assemble(): MeshState {
    const own = this.#library.problems();
    if (own.some(isError)) return { mesh: this.#state.mesh, problems: own };
    const { mesh, problems } = this.#assembler.assemble(declarationsOf(this.#library));
    return { mesh: mesh ?? this.#state.mesh, problems: [...own, ...problems] };
  }

  #publish(state: MeshState, tookMs: number): void {
    const before = this.#state;
    const sameProblems = linesOf(state.problems) === linesOf(before.problems);
    if (state.mesh === before.mesh && sameProblems) return;
    this.#state = state;
    this.#report(state, { tookMs, sameProblems });
    for (const listener of this.#listeners) listener(state);
  }

  #report(
    { mesh, problems }: MeshState,
    { tookMs, sameProblems }: { readonly tookMs: number; readonly sameProblems: boolean },
  ): void {
    const { log, directory } = this.#options;
    const errors = problems.filter(isError).length;
    if (!sameProblems)
      for (const problem of problems.slice(0, LOGGED_PROBLEMS))
        log[isError(problem) ? 'error' : 'warn']({ problem: formatProblem(problem) }, 'manifest problem');
    if (errors > 0) log.error({ directory, errors }, 'manifests not taken: the last good ones stay in force');
    else
      log.info(
        {
          directory,
          services: mesh?.services.size,
          waypoints: mesh?.waypoints.size,
          nodes: mesh?.nodes.size,
          problems: problems.length,
          tookMs: Math.round(tookMs),
        },
        'manifests taken',
      );
  }

  #schedulePoll(): void {
    if (this.#stopped) return;
    this.#poll = setTimeout(() => {
      const startMs = performance.now();
      void this.refresh().then(() => {
        const restMs = Math.min((performance.now() - startMs) / POLL_SHARE, LONGEST_POLL_MS);
        this.#pollMs = Math.max(this.#options.pollMs ?? 5_000, restMs);
        this.#schedulePoll();
      });
    }, this.#pollMs);
    this.#poll.unref();
  }
}

const isError = (problem: Problem): boolean => problem.severity === 'error';

const linesOf = (problems: readonly Problem[]): string => problems.map(formatProblem).join('\n');

function* declarationsOf(library: Library): Generator<Declaration> {
  for (const document of library.documents()) yield* document.declarations;
}

function noDirectory(directory: string, error: unknown): Problem {
  return {
    severity: 'error',
    file: directory,
    line: 1,
    column: 1,
    object: '',
    field: '',
    message: `the directory of manifests cannot be listed (${messageOf(error)})`,
    mend: 'make it, or name another one',
  };
}
