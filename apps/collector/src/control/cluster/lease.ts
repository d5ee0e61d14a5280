// SPDX-License-Identifier: Apache-2.0
import { type Logger, messageOf } from '@undermesh/core';
import {
  type ClusterConnection,
  type ClusterObject,
  type Patience,
  type Reflector,
  Shelf,
} from '@undermesh/mesh/cluster';
import { CollectorError } from '../../errors.js';
import {
  beatOf,
  headed,
  headOf,
  held,
  holderOf,
  type LeaseObject,
  released,
  wanted,
  wantedBy,
} from './lease-object.js';
import { isStatus, Objects } from './objects.js';

/** How long things take. */
export interface LeaseTimes {
  /** Whoever has not renewed it for so long has lost it, ms; whole seconds. */
  readonly durationMs: number;
  readonly renewMs: number;
  /** How long somebody who wants to write waits for it. */
  readonly waitMs: number;
}

export const LEASE_TIMES: LeaseTimes = { durationMs: 15_000, renewMs: 5_000, waitMs: 6_000 };

/** How long it is left to who asked for it. */
const TURN_MS = 1_000;

export interface ControlLeaseOptions {
  readonly connection: ClusterConnection;
  readonly namespace: string;
  readonly name: string;
  /** Of this process: never that of an earlier one. */
  readonly identity: string;
  /** What to write beside a renewal; empty: nothing. */
  readonly head: () => string;
  readonly times: LeaseTimes;
  readonly patience: Patience;
  readonly log: Logger;
}

/**
 * The right to write, held by one collector at a time and handed on to whoever asks for it. Held by our own clock for two
 * thirds of what others wait, counted from before each renewal was asked for: so it is over here before it is anybody
 * else's. (https://kubernetes.io/docs/concepts/architecture/leases/)
 */
export class ControlLease {
  readonly #options: ControlLeaseOptions;
  readonly #objects: Objects;
  readonly #shelf: Shelf<LeaseObject>;
  readonly #reflector: Reflector;
  readonly #listeners = new Set<() => void>();
  /** Until when it is ours (performance.now()). */
  #oursUntilMs = Number.NEGATIVE_INFINITY;
  /** How often it has become ours. */
  #term = 0;
  #beat = '';
  #beatMs = 0;
  #users = 0;
  #isLettingGo = false;
  #isRead = false;
  #taking: Promise<void> | null = null;
  #writing: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ControlLeaseOptions) {
    this.#options = options;
    const { connection, namespace, name, patience, log } = options;
    this.#objects = new Objects(connection, {
      objectKind: 'Lease',
      apiVersions: ['coordination.k8s.io/v1'],
      plural: 'leases',
      namespace,
    });
    this.#shelf = new Shelf<LeaseObject>(
      (value) => value as LeaseObject,
      () => this.#seen(),
    );
    this.#reflector = this.#objects.follow({
      query: { fieldSelector: `metadata.name=${name}` },
      sink: this.#shelf,
      patience,
      log,
    });
  }

  start(): void {
    this.#reflector.start();
    this.#timer = setInterval(() => void this.#renew(), this.#options.times.renewMs);
    this.#timer.unref();
  }

  /** Lets go of it. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#letGo();
    await this.#reflector.stop();
  }

  /** Whether it is known who has it, or that nobody has. */
  get known(): boolean {
    return this.#isRead || this.#reflector.synced;
  }

  /** Whether it is ours at this moment. */
  get isHeld(): boolean {
    return performance.now() < this.#oursUntilMs;
  }

  /** Which time of ours this is: another number means that somebody else may have had it in between. */
  get term(): number {
    return this.#term;
  }

  /** Who has it, as far as is known; `null`: nobody. */
  get holder(): string | null {
    const lease = this.#lease;
    return lease === undefined ? null : holderOf(lease);
  }

  /** Where the change log ended when it was renewed last, by whomever. */
  get head(): string | null {
    const lease = this.#lease;
    return lease === undefined ? null : headOf(lease);
  }

  /**
   * Has it, and keeps it until `work` is done, as far as the API server can be reached. Throws CollectorError
   * `control_held` where another collector does not let go, `control_unavailable`, or what `work` throws.
   */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#users++;
    try {
      if (!this.isHeld) {
        this.#taking ??= this.#take().finally(() => {
          this.#taking = null;
        });
        await this.#taking;
      }
      return await work();
    } finally {
      this.#users--;
      this.#handOn();
    }
  }

  get #lease(): LeaseObject | undefined {
    const { namespace, name } = this.#options;
    return this.#shelf.get(`${namespace}/${name}`);
  }

  async #take(): Promise<void> {
    const { times, name } = this.#options;
    const endMs = performance.now() + times.waitMs;
    for (;;) {
      const leftMs = endMs - performance.now();
      try {
        // Whoever is told that another has it can rely on that.
        if (leftMs <= 0) await this.#read();
        await this.#tryToTake();
      } catch (error) {
        if (!isStatus(error, 409)) {
          throw new CollectorError(
            'control_unavailable',
            `The Lease ${name} of the cluster cannot be read or written (${messageOf(error)}).`,
            error,
          );
        }
        // Somebody else was faster: look again.
        await this.#read().catch(() => {});
      }
      if (this.isHeld) return;
      if (leftMs <= 0 || this.#isStopped) {
        throw new CollectorError(
          'control_held',
          `Only ${this.holder ?? 'another collector'} may write what is desired now, and does not let go of the Lease ${name}. Try again in some seconds.`,
        );
      }
      await this.#change(Math.min(leftMs, times.renewMs / 10));
    }
  }

  async #tryToTake(): Promise<void> {
    const { identity } = this.#options;
    const lease = this.#lease ?? (await this.#read());
    if (lease === undefined || this.#isFree(lease)) await this.#hold(lease);
    else if (wantedBy(lease) === null) await this.#put((now) => wanted(now, identity));
  }

  #isFree(lease: LeaseObject): boolean {
    const { identity } = this.#options;
    const holder = holderOf(lease);
    const by = wantedBy(lease);
    // Given up for somebody: they come first, if they come.
    if (holder === null && by !== null && by !== identity) return performance.now() - this.#beatMs > TURN_MS;
    if (holder === null || holder === identity) return true;
    const { leaseDurationSeconds = this.#options.times.durationMs / 1_000 } = lease.spec;
    return performance.now() - this.#beatMs > leaseDurationSeconds * 1_000;
  }

  async #hold(before: LeaseObject | undefined): Promise<void> {
    const { identity, times, namespace, name, log } = this.#options;
    const seconds = times.durationMs / 1_000;
    const beganMs = performance.now();
    const wasHeld = this.isHeld;
    if (before === undefined) {
      const lease = held({ metadata: { name, namespace }, spec: {} }, { identity, seconds });
      this.#shelf.put(await this.#objects.create(lease));
    } else await this.#put((lease) => held(this.#withHead(lease), { identity, seconds }));
    if (this.#isLettingGo) return;
    this.#oursUntilMs = beganMs + (times.durationMs * 2) / 3;
    if (wasHeld) return;
    this.#term++;
    log.info({ lease: name, identity }, 'what is desired is written by this collector');
  }

  #withHead(lease: LeaseObject): LeaseObject {
    const head = this.#options.head();
    return head === '' ? lease : headed(lease, head);
  }

  async #renew(): Promise<void> {
    const { log, name } = this.#options;
    if (!this.isHeld) return;
    try {
      const lease = this.#lease;
      if (lease !== undefined && holderOf(lease) === this.#options.identity) await this.#hold(lease);
    } catch (error) {
      log.warn({ err: error, lease: name }, 'the Lease could not be renewed: it is tried again');
      await this.#read().catch(() => {});
    }
  }

  /** Somebody asks for it, and nobody here needs it now. */
  #handOn(): void {
    const lease = this.#lease;
    if (this.#users > 0 || !this.isHeld || lease === undefined) return;
    const by = wantedBy(lease);
    if (by !== null && by !== this.#options.identity) void this.#letGo();
  }

  /** Not ours from this moment on, whether or not anybody can be told of it. */
  async #letGo(): Promise<void> {
    const { identity, log, name } = this.#options;
    if (!this.isHeld) return;
    this.#oursUntilMs = Number.NEGATIVE_INFINITY;
    this.#isLettingGo = true;
    try {
      await this.#put((lease) => (holderOf(lease) === identity ? released(this.#withHead(lease)) : null));
    } catch (error) {
      log.warn({ err: error, lease: name }, 'the Lease could not be given up: others wait until it runs out');
    } finally {
      this.#isLettingGo = false;
    }
  }

  /** One write after the other, each of what is known by then. */
  #put(change: (lease: LeaseObject) => LeaseObject | null): Promise<void> {
    const turn = this.#writing.then(async () => {
      const lease = this.#lease;
      const next = lease === undefined ? null : change(lease);
      if (next !== null) this.#shelf.put(await this.#objects.replace(next));
    });
    this.#writing = turn.catch(() => {});
    return turn;
  }

  async #read(): Promise<LeaseObject | undefined> {
    const found: ClusterObject | null = await this.#objects.get(this.#options.name);
    this.#isRead = true;
    if (found === null) this.#shelf.replace([]);
    else this.#shelf.put(found);
    return this.#lease;
  }

  #seen(): void {
    const lease = this.#lease;
    const { identity, log, name } = this.#options;
    const beat = lease === undefined ? '' : beatOf(lease);
    if (beat !== this.#beat) {
      this.#beat = beat;
      this.#beatMs = performance.now();
    }
    if (this.isHeld && (lease === undefined || holderOf(lease) !== identity)) {
      this.#oursUntilMs = Number.NEGATIVE_INFINITY;
      log.warn({ lease: name, holder: this.holder }, 'the Lease was taken away: nothing is written any more');
    }
    this.#handOn();
    for (const listener of [...this.#listeners]) listener();
  }

  /** Resolves when something was heard of it, or after that time. */
  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#listeners.add(done);
    });
  }
}
