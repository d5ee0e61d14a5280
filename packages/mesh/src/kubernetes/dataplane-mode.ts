// SPDX-License-Identifier: Apache-2.0
import type { Field } from './field.js';

/** Istio's label on namespaces and pods: which mesh, if any, has the traffic of these pods. */
export const DATAPLANE_MODE = 'istio.io/dataplane-mode';

/** In lower case, as Kmesh takes it too; `null` without the label. */
export function readDataplaneMode(labels: Field): string | null {
  const { value } = labels.get(DATAPLANE_MODE);
  return typeof value === 'string' ? value.toLowerCase() : null;
}
