// SPDX-License-Identifier: Apache-2.0
// One service with one server: the least that an engine can steer. Its virtual address leads nowhere by itself.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enter } from './namespaces.mjs';

/** Port 80 of it is the service `shop/shop`. */
export const VIRTUAL = '10.98.0.1';
const ENDPOINT = '10.99.1.1';
const SERVER = `require('node:http').createServer((_, response) => response.end('served')).listen(7000, '${ENDPOINT}')`;

const manifests = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop', namespace: 'shop' },
    spec: {
      clusterIP: VIRTUAL,
      clusterIPs: [VIRTUAL],
      ipFamilies: ['IPv4'],
      ports: [{ name: 'tcp', port: 80, targetPort: 7000, protocol: 'TCP' }],
    },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'shop', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    ports: [{ name: 'tcp', port: 7000, protocol: 'TCP' }],
    endpoints: [{ addresses: [ENDPOINT], conditions: { ready: true } }],
  },
];

/**
 * Starts the server on a node of a road, in the cgroup `NODE/shop/server`; it answers every request with "served".
 * @param {import('./road.mjs').Road} road
 * @param {string} node
 * @returns {{ namespace: string, manifests: string }} the node's network namespace, and the directory of its manifests
 */
export function startService({ testbed, state }, node) {
  const namespace = testbed.namespace(node);
  enter(namespace, ['ip', 'address', 'add', `${ENDPOINT}/32`, 'dev', 'lo']);
  const directory = join(state, 'mesh');
  mkdirSync(directory);
  const documents = manifests.map((one) => JSON.stringify(one));
  writeFileSync(join(directory, 'shop.yaml'), documents.join('\n---\n'));
  const cgroup = testbed.cgroup(`${node}/shop/server`);
  testbed.spawn(process.execPath, ['-e', SERVER], { namespace, cgroup, stdio: 'ignore' });
  return { namespace, manifests: directory };
}
