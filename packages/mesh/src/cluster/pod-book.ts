// SPDX-License-Identifier: Apache-2.0
import { POD_STANDINGS, type PodStanding, standingOf } from './enrolment.js';
import type { Pod } from './pod.js';

/** A pod of this node and what becomes of its traffic. */
export interface FollowedPod {
  readonly pod: Pod;
  readonly standing: PodStanding;
}

/** Ended pods that are remembered, so that what they left can still be named. */
const REMEMBERED = 1_024;

/** The pods of this node by uid: those there are, and for naming also the last that were. */
export class PodBook {
  #followed: ReadonlyMap<string, FollowedPod> = new Map();
  #known = false;
  readonly #gone = new Map<string, Pod>();
  readonly #listeners = new Set<() => void>();

  /** Whether they have been listed. */
  get known(): boolean {
    return this.#known;
  }

  /** Those there are. */
  get followed(): ReadonlyMap<string, FollowedPod> {
    return this.#followed;
  }

  /** One that is there, or was. */
  find(uid: string): Pod | undefined {
    return this.#followed.get(uid)?.pod ?? this.#gone.get(uid);
  }

  /** How many there are of each standing. */
  counts(): Readonly<Record<PodStanding, number>> {
    const counts = Object.fromEntries(POD_STANDINGS.map((standing) => [standing, 0])) as Record<
      PodStanding,
      number
    >;
    for (const { standing } of this.#followed.values()) counts[standing]++;
    return counts;
  }

  /** Calls back when pods came, went, or stand otherwise; returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** These are all there are by now. `modeOf` tells what a namespace says of its pods. */
  update(pods: Iterable<Pod>, modeOf: (namespace: string) => string | null): void {
    const before = this.#followed;
    const now = new Map<string, FollowedPod>();
    let changed = false;
    for (const pod of pods) {
      const standing = standingOf(pod, modeOf(pod.namespace));
      const old = before.get(pod.uid);
      const same = old?.pod === pod && old.standing === standing;
      changed ||= !same;
      now.set(pod.uid, same ? old : { pod, standing });
    }
    for (const [uid, { pod }] of before) if (!now.has(uid)) this.#remember(pod);
    if (!changed && now.size === before.size && this.#known) return;
    this.#known = true;
    this.#followed = now;
    for (const listener of this.#listeners) listener();
  }

  #remember(pod: Pod): void {
    this.#gone.delete(pod.uid);
    this.#gone.set(pod.uid, pod);
    if (this.#gone.size <= REMEMBERED) return;
    const [oldest] = this.#gone.keys();
    if (oldest !== undefined) this.#gone.delete(oldest);
  }
}
