// SPDX-License-Identifier: Apache-2.0
import { readDataplaneMode } from './dataplane-mode.js';
import type { NamespaceDeclaration, Origin } from './declaration.js';
import type { Field } from './field.js';
import { type MetadataRules, readMetadata } from './metadata.js';
import { readWaypointChoice } from './waypoint-choice.js';

const METADATA: MetadataRules = {
  namespaced: false,
  shortName: true,
  annotations: [],
  labels: ['undermesh.io/engine'],
};

/** A `Namespace` of `v1`: the waypoint of its services, the mode of its pods. */
export function readNamespace(object: Field, origin: Origin): NamespaceDeclaration {
  const metadata = readMetadata(object, METADATA);
  const { namespace, name } = metadata;
  return {
    kind: 'Namespace',
    namespace,
    name,
    origin,
    waypoint: readWaypointChoice(metadata, name),
    dataplaneMode: readDataplaneMode(metadata.labels),
  };
}
