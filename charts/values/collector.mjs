// SPDX-License-Identifier: Apache-2.0

import { image, listenAddress, pod } from './program.mjs';
import { settings } from './settings.mjs';
import { choice, flag, foreign, group, list, text, texts, whole } from './shapes.mjs';

/** Values below `collector`. */
export const collector = group({
  enabled: flag('Run the collector'),
  image,
  config: settings.collector,
  listenAddress,
  persistence: group({
    enabled: flag(
      'Keep records, and the authority of certificates, on a volume; else they are gone with the pod',
    ),
    size: text('Its size', { pattern: '^[0-9]+(\\.[0-9]+)?([KMGTPE]i?)?$' }),
    storageClassName: text('Its class; empty: the cluster’s default'),
    accessModes: list('How it is mounted', { type: 'string' }),
    annotations: texts('Of the claim'),
    existingClaim: text('A claim of yours in its place'),
  }),
  service: group({
    type: choice('How the Service is reached', ['ClusterIP', 'NodePort', 'LoadBalancer']),
    port: whole('Its port', 1, 65_535),
    annotations: texts('Of the Service'),
  }),
  podSecurityContext: foreign(
    'PodSecurityContext',
    'Whom it runs as; OpenShift: `runAsUser`, `runAsGroup` and `fsGroup` null',
  ),
  podDisruptionBudget: group({
    enabled: flag('Say that the collector may be evicted: agents keep what it would have taken in'),
  }),
  ...pod,
});
