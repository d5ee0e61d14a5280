// SPDX-License-Identifier: Apache-2.0
// Values that agent and collector have in common.
import { choice, flag, foreign, foreignList, group, text, texts, whole } from './shapes.mjs';

/** Where the image is. */
export const image = group({
  repository: text('Repository', { minLength: 1 }),
  tag: text('Tag; empty: that of all images'),
  digest: text('Digest, in the place of a tag', { pattern: '^(sha256:[0-9a-f]{64})?$' }),
});

export const listenAddress = choice('Address to listen on; `::` in clusters that have IPv6 only', [
  '0.0.0.0',
  '::',
]);

/** How pods are placed and what they are given. */
export const pod = {
  serviceAccount: group({
    create: flag('Make it'),
    name: text('Its name; empty: that of the program'),
    annotations: texts('Of the service account'),
  }),
  podAnnotations: texts('Of its pods'),
  podLabels: texts('Of its pods'),
  nodeSelector: texts('Nodes that it runs on'),
  tolerations: foreignList('Toleration', 'Taints that it runs in spite of'),
  affinity: foreign('Affinity', 'Where it would rather run'),
  priorityClassName: text('Priority of its pods'),
  terminationGracePeriodSeconds: whole('How long it may take to stop', 1, 3600),
  resources: foreign('ResourceRequirements', 'CPU and memory'),
  extraEnv: foreignList('EnvVar', 'More variables, e.g. `OTEL_EXPORTER_OTLP_ENDPOINT`'),
};
