// SPDX-License-Identifier: Apache-2.0
//
// What clients of a Kubernetes API server name in their questions: objects, kinds, places and selectors.
import type { IncomingMessage } from 'node:http';

/** An object as people write it; the server adds uid, resource version and time. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: Record<string, unknown> & { name: string; namespace?: string };
  [field: string]: unknown;
}

export type Select = (object: KubernetesObject) => boolean;

const PLURALS: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  Node: 'nodes',
  Service: 'services',
  EndpointSlice: 'endpointslices',
  Gateway: 'gateways',
  HTTPRoute: 'httproutes',
  Pod: 'pods',
  DaemonSet: 'daemonsets',
  ConfigMap: 'configmaps',
  Lease: 'leases',
};
export const CLUSTER_WIDE = ['namespaces', 'nodes'];

export function pluralOf({ kind }: { readonly kind: string }): string {
  const plural = PLURALS[kind];
  if (plural === undefined) throw new Error(`the test's API server knows no ${kind}`);
  return plural;
}

export const keyOf = (object: KubernetesObject): string =>
  `${object.kind} ${object.metadata.namespace ?? (CLUSTER_WIDE.includes(pluralOf(object)) ? '' : 'default')}/${object.metadata.name}`;

/** What the path of a question is about. */
export interface Place {
  readonly plural: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

export function placeOf(path: string): Place {
  const [, namespace, plural = '', name] =
    /^\/api(?:s\/[^/]+)?\/[^/]+(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  return { plural, namespace, name };
}

export async function bodyOf(request: IncomingMessage): Promise<KubernetesObject> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string;
  return (text === '' ? {} : JSON.parse(text)) as KubernetesObject;
}

export const preconditionsOf = (options: object): { resourceVersion?: unknown } =>
  (options as { preconditions?: { resourceVersion?: unknown } }).preconditions ?? {};

/** The selectors of fields and labels that agents and collectors use. */
export function selectOf(query: URLSearchParams, namespace: string | undefined): Select {
  const [, field, wanted] = /^([^=]+)=(.*)$/.exec(query.get('fieldSelector') ?? '') ?? [];
  const [label, value] = query.get('labelSelector')?.split('=') ?? [];
  return ({ spec, metadata }) => {
    const labels = (metadata.labels ?? {}) as Record<string, string>;
    const found = field === 'metadata.name' ? metadata.name : (spec as { nodeName?: string })?.nodeName;
    return (
      (namespace === undefined || metadata.namespace === namespace) &&
      (field === undefined || found === wanted) &&
      (label === undefined || (value === undefined ? Object.hasOwn(labels, label) : labels[label] === value))
    );
  };
}
