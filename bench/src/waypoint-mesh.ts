// SPDX-License-Identifier: Apache-2.0
import { ROUTE_HEADER } from './nginx.js';

/** What a route adds to requests, so that a client can tell that its request met it. */
export const ROUTE_VALUE = 'waypoint';

/** A service behind the waypoint. */
export interface WaypointService {
  readonly name: string;
  readonly address: string;
  readonly endpoint: { readonly address: string; readonly port: number };
}

/** Where the waypoint listens, by how it learns the original destination. */
export interface WaypointListener {
  readonly address: string;
  readonly optionPort: number;
  readonly proxyPort: number;
}

/** A service with its endpoint and its routes, which are the same for all of them. */
const serviceText = ({ name, address, endpoint }: WaypointService): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop, labels: { istio.io/use-waypoint: way } }
spec:
  clusterIP: ${address}
  ports: [{ name: http, port: 80 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: ${endpoint.port} }]
endpoints: [{ addresses: [${endpoint.address}] }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: shop }
spec:
  parentRefs: [{ kind: Service, group: "", name: ${name} }]
  rules:
    - matches:
        - path: { value: /cart }
        - headers: [{ name: x-version, value: two }]
      backendRefs: [{ name: ${name}, port: 80 }]
    - filters:
        - type: RequestHeaderModifier
          requestHeaderModifier: { set: [{ name: ${ROUTE_HEADER}, value: ${ROUTE_VALUE} }] }
      backendRefs: [{ name: ${name}, port: 80 }]
`;

/** Manifests of a mesh with one waypoint, run by `node`, and services behind it. */
export const waypointMesh = (
  node: string,
  { address, optionPort, proxyPort }: WaypointListener,
  services: readonly WaypointService[],
): string => `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: way, namespace: shop, annotations: { undermesh.io/node: ${node} } }
spec:
  gatewayClassName: undermesh-waypoint
  addresses: [{ value: ${address} }]
  listeners:
    - { name: plain, port: ${optionPort}, protocol: HTTP }
    - { name: proxied, port: ${proxyPort}, protocol: undermesh.io/PROXY }
${services.map(serviceText).join('')}`;
