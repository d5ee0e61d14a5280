// SPDX-License-Identifier: Apache-2.0
/** The bookshop's waypoint: requests for reviews go through it and get a version by its rules. Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Place } from './plan.js';

/** A Gateway that an agent runs. */
export interface Waypoint extends Required<Place> {
  readonly name: string;
  readonly namespace: string;
  /** The node that runs it. */
  readonly node: string;
  /** The service whose requests go through it. */
  readonly service: string;
}

export const waypoint: Waypoint = {
  name: 'waypoint',
  namespace: 'shop',
  node: 'shop-2',
  service: 'reviews',
  ipv4: '10.99.2.100',
  ipv6: 'fd99::2:100',
  port: 15_008,
};

const EDITION = 'x-edition';
/** Headers of a request for what is not out yet: the waypoint has the new version answer it. */
export const preview: Readonly<Record<string, string>> = { [EDITION]: 'preview' };

/** Headers that whoever calls on for a request passes on. */
export function passedOn(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const edition = headers[EDITION];
  return typeof edition === 'string' ? { [EDITION]: edition } : {};
}

/** Kubernetes manifests: the Gateway, and the HTTPRoute of its service to a Service per version. */
export function waypointManifests(): readonly object[] {
  const { name, namespace, node, service, ipv4, ipv6, port } = waypoint;
  const version = (id: string, weight: number): object => ({ name: `${service}-${id}`, port: 80, weight });
  return [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name, namespace, annotations: { 'undermesh.io/node': node } },
      spec: {
        gatewayClassName: 'undermesh-waypoint',
        addresses: [{ value: ipv4 }, { value: ipv6 }],
        listeners: [{ name: 'mesh', port, protocol: 'HTTP' }],
      },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: service, namespace },
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: service, port: 80 }],
        rules: [
          {
            matches: [{ headers: [{ name: EDITION, value: preview[EDITION] }] }],
            backendRefs: [version('v2', 1)],
          },
          { backendRefs: [version('v1', 80), version('v2', 20)] },
        ],
      },
    },
  ];
}
