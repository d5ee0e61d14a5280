// SPDX-License-Identifier: Apache-2.0
import type { NodeDeclaration, Origin } from './declaration.js';
import type { Field } from './field.js';
import { type MetadataRules, readMetadata } from './metadata.js';
import { address, byFamily, prefix } from './values.js';

const ENGINE = 'undermesh.io/engine';
const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';

const METADATA: MetadataRules = { namespaced: false, shortName: false, annotations: [], labels: [ENGINE] };

/** A `Node` of `v1`: its place and addresses, those of its pods included. */
export function readNode(object: Field, origin: Origin): NodeDeclaration {
  const { namespace, name, labels } = readMetadata(object, METADATA);
  const addresses = object
    .get('status')
    .get('addresses')
    .list()
    .filter((item) => item.get('type').value === 'InternalIP')
    .map((item) => address(item.get('address')));
  return {
    kind: 'Node',
    namespace,
    name,
    origin,
    node: {
      name,
      addresses: byFamily(addresses),
      podPrefixes: object
        .get('spec')
        .get('podCIDRs')
        .list()
        .map((item) => prefix(item)),
      zone: labels.get(ZONE).or(null, (field) => field.text()),
      region: labels.get(REGION).or(null, (field) => field.text()),
      engine: labels.get(ENGINE).or(null, (field) => field.oneOf(['off', 'dual-engine', 'kernel-native'])),
    },
  };
}
