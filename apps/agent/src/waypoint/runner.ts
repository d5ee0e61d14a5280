// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, messageOf } from '@undermesh/core';
import { type Mesh, type ObjectKey, objectKey, type Waypoint } from '@undermesh/mesh';
import type { Locality } from '../mesh/locality.js';
import { Haproxy, removeWaypoints } from './haproxy.js';
import type { LineSink } from './log-pipe.js';
import { planWaypoint } from './plan.js';
import { renderWaypoint } from './render.js';

export interface WaypointRunnerOptions {
  /** The node this is, and where; `null`: as the mesh says of it. */
  readonly node: string;
  readonly zone: string | null;
  readonly region: string | null;
  /** Waypoints to run: `namespace/name`, `namespace/*` or `*`; of these, those that no other node is named for. */
  readonly gateways: readonly string[];
  /** Each waypoint has a directory in it. */
  readonly directory: string;
  readonly program: string;
  readonly cgroup: string | null;
  readonly networkNamespace: string | null;
  /** Who hears of each request; default: nobody. */
  readonly requests?: LineSink | null;
  readonly log: Logger;
  /** How often it is made sure that all run; default 2,000 ms. */
  readonly watchMs?: number;
}

/** A waypoint of this node. */
export interface WaypointState {
  readonly waypoint: ObjectKey;
  /** Of HAProxy's master; `null`: it does not run. */
  readonly pid: number | null;
  /** Why it does not do what the mesh says; `null`: it does. */
  readonly problem: string | null;
}

interface Running {
  readonly haproxy: Haproxy;
  /** What it was last asked to do, with or without success. */
  asked: Mesh | null;
  problem: string | null;
  /** When to try again what failed, in ms of the monotonic clock. */
  retryAtMs: number;
}

const RETRY_MS = 10_000;

/** Runs the waypoints of this node as HAProxies that do what the mesh says. */
export class WaypointRunner {
  readonly #options: WaypointRunnerOptions;
  readonly #running = new Map<ObjectKey, Running>();
  readonly #watch: NodeJS.Timeout | null;
  #leftoversGone = false;
  #mesh: Mesh | null = null;
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: WaypointRunnerOptions) {
    this.#options = options;
    this.#watch =
      options.gateways.length === 0
        ? null
        : setInterval(() => void this.#reconcile(), options.watchMs ?? 2_000);
    this.#watch?.unref();
  }

  /** In the order of their names. */
  get states(): WaypointState[] {
    return [...this.#running].map(([waypoint, { haproxy, problem }]) => ({
      waypoint,
      pid: haproxy.pid,
      problem,
    }));
  }

  /**
   * Has the waypoints do what this mesh says; the newest wins. Resolves once they do, or {@link states} says why not: one
   * that cannot take it goes on as before. Never rejects.
   */
  apply(mesh: Mesh): Promise<void> {
    this.#mesh = mesh;
    return this.#reconcile();
  }

  /** Leaves the waypoints running for the next agent, or removes them. */
  async close(options: { readonly remove: boolean }): Promise<void> {
    this.#closed = true;
    if (this.#watch !== null) clearInterval(this.#watch);
    await this.#work;
    if (!options.remove) {
      for (const { haproxy } of this.#running.values()) haproxy.detach();
      return;
    }
    await Promise.all([...this.#running.values()].map(({ haproxy }) => haproxy.remove()));
    this.#running.clear();
  }

  /** One at a time; what came meanwhile is seen by the next. */
  #reconcile(): Promise<void> {
    this.#work = this.#work.then(() => this.#settle());
    return this.#work;
  }

  async #settle(): Promise<void> {
    const mesh = this.#mesh;
    if (mesh === null || this.#closed) return;
    const ours = [...mesh.waypoints.values()].filter((waypoint) => this.#isOurs(waypoint));
    const keys = new Set(ours.map(objectKey));
    await this.#removeLeftovers(keys);
    for (const [key, running] of this.#running) {
      if (keys.has(key)) continue;
      this.#running.delete(key);
      await this.#attempt(key, running, () => running.haproxy.remove());
      this.#options.log.info({ waypoint: key }, 'waypoint removed');
    }
    for (const waypoint of ours) {
      const key = objectKey(waypoint);
      const running = this.#running.get(key) ?? newRunning(this.#haproxyOf(key));
      this.#running.set(key, running);
      if (isSettled(running, mesh)) continue;
      running.asked = mesh;
      await this.#attempt(key, running, () => this.#serve(mesh, waypoint, running.haproxy));
    }
  }

  async #serve(mesh: Mesh, waypoint: Waypoint, haproxy: Haproxy): Promise<void> {
    const before = haproxy.pid;
    const plan = planWaypoint(mesh, waypoint, this.#localityIn(mesh));
    await haproxy.apply(
      renderWaypoint(plan, {
        directory: this.#directoryOf(objectKey(waypoint)),
        user: haproxyUser(),
        slots: haproxy.slots,
        tellsRequests: haproxy.tellsRequests,
      }),
    );
    const { pid } = haproxy;
    if (pid !== before) this.#options.log.info({ waypoint: objectKey(waypoint), pid }, 'waypoint started');
  }

  /** Says what went wrong once, not every time that it is tried again. */
  async #attempt(waypoint: ObjectKey, running: Running, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      running.problem = null;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== running.problem)
        this.#options.log.error({ err: error, waypoint }, 'waypoint does not do what the mesh says');
      running.problem = problem;
      running.retryAtMs = performance.now() + RETRY_MS;
    }
  }

  #isOurs(waypoint: Waypoint): boolean {
    const { node, gateways } = this.#options;
    const names = [objectKey(waypoint), `${waypoint.namespace}/*`, '*'];
    return (
      gateways.some((name) => names.includes(name)) && (waypoint.node === null || waypoint.node === node)
    );
  }

  #localityIn(mesh: Mesh): Locality {
    const { node, zone, region } = this.#options;
    const self = mesh.nodes.get(node);
    return { node, zone: zone ?? self?.zone ?? null, region: region ?? self?.region ?? null };
  }

  /** What an earlier run ran and this one is not to. */
  async #removeLeftovers(keys: ReadonlySet<ObjectKey>): Promise<void> {
    if (this.#leftoversGone) return;
    this.#leftoversGone = true;
    const { directory, log } = this.#options;
    try {
      await removeWaypoints(directory, new Set([...keys].map(directoryName)));
    } catch (error) {
      log.error({ err: error, directory }, 'what earlier waypoints left could not be removed');
    }
  }

  #directoryOf(key: ObjectKey): string {
    return join(this.#options.directory, directoryName(key));
  }

  #haproxyOf(key: ObjectKey): Haproxy {
    const { program, cgroup, networkNamespace, requests = null } = this.#options;
    const directory = this.#directoryOf(key);
    return new Haproxy({ directory, program, cgroup, networkNamespace, requests });
  }
}

/** Short, as the path of a socket has 107 bytes. */
const directoryName = (key: ObjectKey): string => createHash('sha256').update(key).digest('hex').slice(0, 12);

const newRunning = (haproxy: Haproxy): Running => ({ haproxy, asked: null, problem: null, retryAtMs: 0 });

/** It does what the mesh says, or cannot for now. */
const isSettled = ({ asked, haproxy, problem, retryAtMs }: Running, mesh: Mesh): boolean =>
  asked === mesh && haproxy.pid !== null && (problem === null || performance.now() < retryAtMs);

/** Debian's package makes a user of its own. */
function haproxyUser(): string | null {
  const names = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':')[0]);
  return process.getuid?.() === 0 && names.includes('haproxy') ? 'haproxy' : null;
}
