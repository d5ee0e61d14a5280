// SPDX-License-Identifier: Apache-2.0
import type { Pod } from './pod.js';

/** What becomes of a pod's traffic, and why: `enrolled`, or what keeps it from being steered. */
export const POD_STANDINGS = [
  'enrolled',
  /** No label asks for it, neither of the pod nor of its namespace. */
  'not_asked',
  /** A label says `none`. */
  'opted_out',
  /** A label names another mesh. */
  'another_mesh',
  /** It has the node's network, and so no traffic of its own. */
  'host_network',
  /** A proxy beside it has its traffic already. */
  'sidecar',
  /** It is a gateway or waypoint: what it does with traffic is its own business. */
  'gateway',
  /** Its containers have ended. */
  'finished',
] as const;
export type PodStanding = (typeof POD_STANDINGS)[number];

/** Values of `istio.io/dataplane-mode` that ask for this mesh; the second eases the way from there. */
const OURS = ['undermesh', 'kmesh'];

/** The pod's own label counts before that of its namespace. */
export function standingOf(pod: Pod, namespaceMode: string | null): PodStanding {
  const mode = pod.dataplaneMode ?? namespaceMode;
  if (mode === null) return 'not_asked';
  if (mode === 'none') return 'opted_out';
  if (!OURS.includes(mode)) return 'another_mesh';
  if (pod.hostNetwork) return 'host_network';
  if (pod.sidecar) return 'sidecar';
  if (pod.gateway !== null) return 'gateway';
  return pod.finished ? 'finished' : 'enrolled';
}
