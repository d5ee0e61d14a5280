// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@undermesh/core';
import type { KubernetesSource, PodStanding } from '@undermesh/mesh';
import { PodCgroups, type PodPlaces, type Scope } from '../kernel/index.js';

/** Who asks for the mesh in vain: worth a word. */
const IN_VAIN: readonly PodStanding[] = ['host_network', 'sidecar', 'gateway', 'another_mesh'];

/** The cgroups of a cluster's pods that are to be steered, and of those that are waypoints of the mesh. */
export class ClusterPodPlaces implements PodPlaces {
  readonly #source: KubernetesSource;
  readonly #cgroups: PodCgroups;
  readonly #log: Logger;
  readonly #said = new Set<string>();

  constructor(source: KubernetesSource, scope: Scope, log: Logger) {
    this.#source = source;
    this.#cgroups = new PodCgroups(scope);
    this.#log = log;
    source.pods.subscribe(() => this.#tell());
  }

  /** Whether pods have been listed: before that nobody is to be let go. */
  get known(): boolean {
    return this.#source.pods.known;
  }

  find(looked: Set<string>): { readonly enrolled: readonly string[]; readonly waypoints: readonly string[] } {
    const enrolled: string[] = [];
    const waypoints: string[] = [];
    const { followed } = this.#source.pods;
    for (const [uid, paths] of this.#cgroups.find(looked)) {
      const one = followed.get(uid);
      if (one === undefined) continue;
      const { pod, standing } = one;
      if (standing === 'enrolled') enrolled.push(...paths);
      const { gateway, hostNetwork, namespace } = pod;
      const isOurs = gateway !== null && this.#source.state.mesh?.waypoints.has(`${namespace}/${gateway}`);
      if (isOurs === true && !hostNetwork) waypoints.push(...paths);
    }
    return { enrolled, waypoints };
  }

  #tell(): void {
    const { followed } = this.#source.pods;
    for (const [uid, { pod, standing }] of followed) {
      const key = `${uid} ${standing}`;
      if (!IN_VAIN.includes(standing) || this.#said.has(key)) continue;
      this.#said.add(key);
      const name = `${pod.namespace}/${pod.name}`;
      this.#log.info({ pod: name, reason: standing }, 'a pod whose label asks for a mesh is not steered');
    }
    for (const key of this.#said) if (!followed.has(key.slice(0, key.indexOf(' ')))) this.#said.delete(key);
  }
}
