// SPDX-License-Identifier: Apache-2.0
import type { Mesh } from './model.js';
import type { Problem } from './problem.js';

/** What a source knows by now. */
export interface MeshState {
  /** The last good configuration; `null` before the first. */
  readonly mesh: Mesh | null;
  /** Of what the source holds now: with an error among them, {@link mesh} is older than that. */
  readonly problems: readonly Problem[];
}

/** Where the mesh's configuration comes from: manifests on disk, the Kubernetes API, Istio. */
export interface MeshSource {
  readonly state: MeshState;
  /** Calls back after every change of {@link state}; returns what ends that. */
  subscribe(listener: (state: MeshState) => void): () => void;
  /** Resolves once {@link state} holds what the source had at the start. */
  start(): Promise<void>;
  stop(): Promise<void>;
}
