// SPDX-License-Identifier: Apache-2.0
import { type Endpoint, type Mesh, objectKey, type Service, type Waypoint } from '@undermesh/mesh';

/** An endpoint at port 8080 of a service's port `http`. */
export const endpoint = (address: string, with_: Partial<Endpoint> = {}): Endpoint => ({
  address,
  family: address.includes(':') ? 'v6' : 'v4',
  ports: { http: 8080 },
  state: 'usable',
  weight: 1,
  node: null,
  zone: null,
  region: null,
  ...with_,
});

/** A service `shop/<name>` with one HTTP port at 10.96.0.1:80. */
export const service = (name: string, with_: Partial<Service> = {}): Service => ({
  namespace: 'shop',
  name,
  addresses: { v4: ['10.96.0.1'], v6: [] },
  ports: [{ name: 'http', port: 80, protocol: 'tcp', appProtocol: null, http: true, targetPort: 8080 }],
  balancing: 'weighted-random',
  locality: { mode: 'none', scopes: [] },
  maxConnections: null,
  waypoint: null,
  endpoints: [],
  routes: [],
  ...with_,
});

export const meshOf = (
  services: readonly Service[],
  with_: Partial<Mesh> & { waypoint?: Waypoint } = {},
): Mesh => {
  const { waypoint, ...rest } = with_;
  return {
    services: new Map(services.map((each) => [objectKey(each), each])),
    waypoints: new Map(waypoint === undefined ? [] : [[objectKey(waypoint), waypoint]]),
    nodes: new Map(),
    ...rest,
  };
};
