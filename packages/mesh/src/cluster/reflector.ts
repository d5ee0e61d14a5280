// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import { Backoff, type Logger, messageOf } from '@undermesh/core';
import { type ClusterConnection, ClusterError, type Query } from './connection.js';
import { isNewer } from './resource-version.js';
import { pathOf, type Resource } from './resources.js';
import { type ClusterObject, clusterObjectOf } from './shelf.js';

/** Who is told what there is. */
export interface Sink {
  replace(objects: readonly ClusterObject[]): void;
  put(object: ClusterObject): void;
  remove(object: ClusterObject): void;
}

/** How patient a reflector is. */
export interface Patience {
  /** Objects in a page of a list. */
  readonly pageSize: number;
  /** How long the server is asked to keep a watch open, s. */
  readonly watchSeconds: number;
  /** Silence after which a connection is taken for dead, ms. Servers send bookmarks about once a minute. */
  readonly silenceMs: number;
  /** Longest pause before another try, ms. */
  readonly maxPauseMs: number;
  /** How often it is asked whether a kind that the cluster lacks has come, ms. */
  readonly absentMs: number;
}

export const PATIENCE: Patience = {
  pageSize: 500,
  watchSeconds: 300,
  silenceMs: 120_000,
  maxPauseMs: 30_000,
  absentMs: 60_000,
};

export interface ReflectorOptions<Kind extends string = string> {
  readonly connection: ClusterConnection;
  readonly resource: Resource<Kind>;
  /** E.g. a field selector. */
  readonly query: Query;
  readonly sink: Sink;
  readonly patience: Patience;
  readonly log: Logger;
  /** Called when {@link Reflector.synced} or {@link Reflector.problem} is another. */
  readonly onState: () => void;
}

/** What has happened, for metrics and tests. */
export interface ReflectorCounts {
  lists: number;
  watches: number;
  events: number;
  bookmarks: number;
  /** Watches whose version the server no longer had. */
  expired: number;
  failures: number;
}

/** Which version a list has to have: any the server has at hand, none older than was seen, or the newest there is. */
type ListFrom = 'any' | 'not older' | 'newest';

const GONE = 410;
const NOT_FOUND = 404;
/** A watch that lasted so long was a good one. */
const HEALTHY_MS = 5_000;
/** A server that was put back to an earlier state has not come that far yet. */
const VERSION_TOO_LARGE = 504;

/**
 * Follows all objects of one kind: lists them in pages, then watches from there on, and from where it was when a watch
 * ends. A version that the server no longer has means listing anew, which also tells of what was deleted meanwhile.
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes)
 */
export class Reflector<Kind extends string = string> {
  readonly counts: ReflectorCounts = {
    lists: 0,
    watches: 0,
    events: 0,
    bookmarks: 0,
    expired: 0,
    failures: 0,
  };
  readonly #options: ReflectorOptions<Kind>;
  readonly #backoff: Backoff;
  readonly #end = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #apiVersion: string | null;
  /** Where the next watch begins; `null`: at a list. */
  #version: string | null = null;
  #newest: string | null = null;
  #listFrom: ListFrom = 'any';
  #synced = false;
  #problem: string | null = null;
  #isKnownAbsent = false;
  /** Without an answer between them. */
  #failures = 0;

  constructor(options: ReflectorOptions<Kind>) {
    this.#options = options;
    this.#backoff = new Backoff(options.patience.maxPauseMs);
    this.#apiVersion = options.resource.apiVersions[0];
  }

  get resource(): Resource<Kind> {
    return this.#options.resource;
  }

  /** Whether all there is has been listed once; of a kind that the cluster lacks that is nothing. */
  get synced(): boolean {
    return this.#synced;
  }

  /** What keeps it from being up to date; one failure alone does not. */
  get problem(): string | null {
    return this.#problem;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      try {
        if (this.#version === null) await this.#list();
        if (this.#version !== null) await this.#watch(this.#version);
        else await this.#rest(this.#options.patience.absentMs);
      } catch (error) {
        if (this.#end.signal.aborted) return;
        this.counts.failures++;
        this.#failures += this.#isExpected(error) ? 0 : 1;
        if (this.#failures > 1 || !this.#synced) this.#tell({ problem: messageOf(error) });
        await this.#rest(this.#backoff.next());
      }
    }
  }

  /** Draws the conclusions of a failure. True for one that is part of the protocol. */
  #isExpected(error: unknown): boolean {
    const status = error instanceof ClusterError ? error.status : 0;
    const wasListing = this.#version === null;
    if (status === GONE) this.counts.expired++;
    if (status === GONE || (status === NOT_FOUND && !wasListing)) this.#version = null;
    if (wasListing && (status === GONE || status === VERSION_TOO_LARGE)) this.#listFrom = 'newest';
    return status === GONE;
  }

  async #list(): Promise<void> {
    const { sink, patience, query } = this.#options;
    const objects: ClusterObject[] = [];
    let version = '';
    let next = '';
    do {
      const from = next === '' ? this.#fromQuery() : { continue: next };
      const page = await this.#page({ ...query, ...from, limit: patience.pageSize });
      if (page === null) {
        this.#absent();
        return;
      }
      for (const item of page.items) objects.push(this.#objectOf(item));
      version = page.version;
      next = page.next;
    } while (next !== '');
    this.counts.lists++;
    this.#isKnownAbsent = false;
    this.#listFrom = 'not older';
    this.#newest = version;
    this.#version = version;
    sink.replace(objects);
    this.#tell({ synced: true });
    this.#answered();
  }

  #answered(): void {
    this.#failures = 0;
    this.#tell({ problem: null });
  }

  #fromQuery(): Query {
    if (this.#listFrom === 'newest') return {};
    if (this.#listFrom === 'any' || this.#newest === null) return { resourceVersion: '0' };
    return { resourceVersion: this.#newest, resourceVersionMatch: 'NotOlderThan' };
  }

  /** `null`: the cluster has no such kind, in none of its versions. */
  async #page(query: Query): Promise<Page | null> {
    const { resource, connection, patience } = this.#options;
    const { signal } = this.#end;
    for (const apiVersion of resource.apiVersions) {
      try {
        const path = pathOf(apiVersion, resource);
        const answer = await connection.get({ path, query, signal, silenceMs: patience.silenceMs });
        this.#apiVersion = apiVersion;
        return pageOf(answer);
      } catch (error) {
        const absent = error instanceof ClusterError && error.status === NOT_FOUND && resource.optional;
        if (!absent) throw error;
      }
    }
    return null;
  }

  #absent(): void {
    const { resource, sink, log } = this.#options;
    if (!this.#isKnownAbsent)
      log.warn({ kind: resource.kind }, 'the cluster has no such kind: it is asked again now and then');
    this.#isKnownAbsent = true;
    this.#newest = null;
    this.#listFrom = 'any';
    sink.replace([]);
    this.#tell({ synced: true });
    this.#answered();
  }

  async #watch(from: string): Promise<void> {
    const { connection, resource, patience, query } = this.#options;
    // Agents that began together do not all come back together.
    const timeoutSeconds = Math.ceil(patience.watchSeconds * (1 + Math.random() / 2));
    const silenceMs = Math.min(patience.silenceMs, (timeoutSeconds + 30) * 1_000);
    this.counts.watches++;
    const lines = await connection.lines({
      path: pathOf(this.#apiVersion ?? '', resource),
      query: { ...query, watch: 1, resourceVersion: from, allowWatchBookmarks: 'true', timeoutSeconds },
      signal: this.#end.signal,
      silenceMs,
    });
    this.#answered();
    const startMs = performance.now();
    for await (const line of lines) this.#take(JSON.parse(line) as WatchEvent);
    // The server ended it, as servers do: at once again, but not as fast as a sick one can end them.
    if (performance.now() - startMs > HEALTHY_MS) this.#backoff.reset();
    else await this.#rest(this.#backoff.next());
  }

  #take({ type, object }: WatchEvent): void {
    const { sink } = this.#options;
    if (type === 'ERROR') {
      const { code = 0, message = 'the watch failed' } = object as { code?: number; message?: string };
      throw new ClusterError(code, message);
    }
    const told = this.#objectOf(object);
    const { resourceVersion } = told;
    if (this.#newest === null || isNewer(resourceVersion, this.#newest)) this.#newest = resourceVersion;
    else if (type === 'BOOKMARK' && resourceVersion !== this.#newest) {
      this.#listFrom = 'newest';
      throw new ClusterError(GONE, 'the server was put back to an earlier state');
    }
    this.#version = this.#newest;
    this.#backoff.reset();
    if (type === 'BOOKMARK') this.counts.bookmarks++;
    else this.counts.events++;
    if (type === 'ADDED' || type === 'MODIFIED') sink.put(told);
    else if (type === 'DELETED') sink.remove(told);
  }

  #objectOf(value: unknown): ClusterObject {
    const { objectKind: kind } = this.#options.resource;
    return clusterObjectOf(value, { kind, apiVersion: this.#apiVersion ?? '' });
  }

  async #rest(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#end.signal }).catch(() => {});
  }

  #tell({
    synced = this.#synced,
    problem = this.#problem,
  }: {
    synced?: boolean;
    problem?: string | null;
  }): void {
    if (synced === this.#synced && problem === this.#problem) return;
    this.#synced = synced;
    this.#problem = problem;
    this.#options.onState();
  }
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

interface Page {
  readonly items: readonly unknown[];
  readonly version: string;
  /** Where the next page begins; empty: this is the last one. */
  readonly next: string;
}

interface ListAnswer {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly unknown[] | null;
}

function pageOf(answer: unknown): Page {
  const { metadata, items } = answer as ListAnswer;
  return {
    items: items ?? [],
    version: metadata?.resourceVersion ?? '',
    next: metadata?.continue ?? '',
  };
}
