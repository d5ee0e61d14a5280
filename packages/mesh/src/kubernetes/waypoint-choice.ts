// SPDX-License-Identifier: Apache-2.0
import type { WaypointChoice } from './declaration.js';
import type { Metadata } from './metadata.js';
import { label, subdomain } from './values.js';

/** Istio's label, read from services and namespaces. */
export const USE_WAYPOINT = 'istio.io/use-waypoint';
const USE_WAYPOINT_NAMESPACE = 'istio.io/use-waypoint-namespace';

/** `istio.io/use-waypoint`, by default in the same namespace (for a namespace's label: `namespace`). */
export function readWaypointChoice(metadata: Metadata, namespace: string): WaypointChoice {
  const name = metadata.labels.get(USE_WAYPOINT);
  const where = metadata.labels.get(USE_WAYPOINT_NAMESPACE);
  if (!name.present) {
    if (where.present)
      where.error(`${where.name} is given alone`, `name the waypoint by the label ${USE_WAYPOINT}`);
    return null;
  }
  if (name.value === 'none') return 'none';
  return { namespace: where.or(namespace, label), name: subdomain(name) };
}
