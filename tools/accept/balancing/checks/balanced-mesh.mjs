// SPDX-License-Identifier: Apache-2.0
// A node that is steered to four endpoints of each family, by services that balance differently; the endpoints say who
// was connected to. Each endpoint is a process of its own, so that one can die.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cgroup2Mount } from '../../../testbed/cgroups.mjs';
import { endHere, joinByBridge, setSysctls } from '../../../testbed/namespaces.mjs';
import { Road } from '../../../testbed/road.mjs';
import { startSteadyClient, startSteadyServer } from '../../../testbed/steady.mjs';
import { Findings } from '../../road/checks/findings.mjs';

export const NODE = 'left';
export const FAMILIES = ['IPv4', 'IPv6'];
/** Endpoints of a service, by their place here. Weights count where the policy goes by them. */
export const WEIGHTS = [1, 2, 3, 4];
/** The node is in zone `near`. */
const ZONES = ['near', 'near', 'far', 'far'];
const RANGES = ['10.98.0.0/16', 'fd98::/64'];
const PORT = 80;

/** What can be asked for: `annotations` of the Service, in the order of their virtual addresses and ports. */
export const SERVICES = [
  { name: 'weighted', annotations: {} },
  { name: 'in-turns', annotations: { 'undermesh.io/balancing': 'round-robin' } },
  { name: 'least', annotations: { 'undermesh.io/balancing': 'least-connections' } },
  { name: 'nearest', annotations: { 'undermesh.io/locality': 'failover zone' } },
  { name: 'near-only', annotations: { 'undermesh.io/locality': 'strict zone' } },
];

const isSix = (family) => family === 'IPv6';
const virtual = (index, family) => (isSix(family) ? `fd98::${index + 1}` : `10.98.0.${index + 1}`);
/** Address of an endpoint. */
export const addressOf = (endpoint, family) =>
  isSix(family) ? `fd99::2:${endpoint + 1}` : `10.99.2.${endpoint + 1}`;
const targetPort = (index) => 7001 + index;
const at = (address, port) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);

/** Virtual addresses of a service, one for each family: `10.98.0.1:80`. */
export const virtualOf = (name) => {
  const index = SERVICES.findIndex((service) => service.name === name);
  return FAMILIES.map((family) => at(virtual(index, family), PORT));
};

export class BalancedMesh {
  findings = new Findings();
  #endpoints = [];

  /** The result of a test on a mesh of its own. @param {string} name of the testbed */
  static async run(name, test) {
    const mesh = new BalancedMesh(await Road.create(name));
    try {
      await mesh.open();
      await test(mesh);
    } finally {
      await mesh.close();
    }
    return mesh.findings.result;
  }

  constructor(road) {
    this.road = road;
    this.namespace = road.testbed.namespace(NODE);
    this.servers = road.testbed.namespace('right');
    this.manifests = join(road.state, 'mesh');
  }

  /** Endpoints that listen, a collector, an agent whose engine is in force. */
  async open() {
    const { road, namespace } = this;
    joinByBridge(road.testbed.namespace('fabric'), [
      { namespace, addresses: ['10.99.1.1/16', 'fd99::1:1/64'] },
      {
        namespace: this.servers,
        addresses: WEIGHTS.flatMap((_, endpoint) =>
          FAMILIES.map((family) => `${addressOf(endpoint, family)}/${isSix(family) ? 64 : 16}`),
        ),
      },
    ]);
    setSysctls(namespace, { 'net.ipv4.ip_local_port_range': '1024 65000', 'net.ipv4.tcp_tw_reuse': 1 });
    endHere(namespace, RANGES);
    for (const endpoint of WEIGHTS.keys()) this.#endpoints.push(await this.#serve(endpoint));
    mkdirSync(this.manifests);
    for (const index of SERVICES.keys()) this.#write(`${SERVICES[index].name}-service`, serviceOf(index));
    for (const { name } of SERVICES) for (const endpoint of WEIGHTS.keys()) this.tell(name, endpoint, true);
    await road.startCollector();
    await this.startAgent();
    await road.until('the engine is in force', async () => {
      const { items } = await road.api('engines');
      return items[0]?.engine?.state === 'in-force';
    });
  }

  startAgent() {
    const cgroup = `/${relative(cgroup2Mount(), this.road.testbed.cgroup(NODE))}`;
    return this.road.startAgent(NODE, {
      mesh: { manifests: this.manifests, enrol: [cgroup], locality: { zone: 'near' } },
      engine: { default: 'dual-engine', directory: join(this.road.state, 'engine') },
    });
  }

  /** Says in the manifests whether an endpoint of a service is ready. @returns {number} when, Unix ms */
  tell(service, endpoint, ready) {
    const index = SERVICES.findIndex(({ name }) => name === service);
    return this.#write(`${service}-${endpoint}`, sliceOf(index, { endpoint, ready }));
  }

  /** A client on the node, until it is stopped. */
  client(options) {
    const place = { namespace: this.namespace, cgroup: this.road.testbed.cgroup(`${NODE}/shop/client`) };
    return startSteadyClient(this.road.testbed, options, place);
  }

  /**
   * Connections to a service so far: by family, then by endpoint.
   * @param {number[]} [endpoints] those that are asked, all unless given
   * @returns {Promise<{ accepted: number, lastMs: number }[][]>}
   */
  async arrivals(service, endpoints = [...WEIGHTS.keys()]) {
    const index = SERVICES.findIndex(({ name }) => name === service);
    const all = await Promise.all(endpoints.map((endpoint) => this.#endpoints[endpoint].arrivals()));
    return FAMILIES.map((_, family) => all.map((ofOne) => ofOne[index * FAMILIES.length + family]));
  }

  /** Ends an endpoint as its process dies. */
  async killEndpoint(endpoint) {
    await this.#endpoints[endpoint].kill();
  }

  async close() {
    await this.road.uninstall(NODE).catch(() => {});
    await this.road.destroy();
  }

  #serve(endpoint) {
    const targets = SERVICES.flatMap((_, index) =>
      FAMILIES.map((family) => at(addressOf(endpoint, family), targetPort(index))),
    );
    const cgroup = this.road.testbed.cgroup(`right/shop/endpoint-${endpoint}`);
    return startSteadyServer(this.road.testbed, targets, { namespace: this.servers, cgroup });
  }

  #write(file, ...manifests) {
    const path = join(this.manifests, `${file}.yaml`);
    writeFileSync(
      `${path}.new`,
      manifests
        .flat()
        .map((one) => JSON.stringify(one))
        .join('\n---\n'),
    );
    renameSync(`${path}.new`, path);
    return Date.now();
  }
}

const serviceOf = (index) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: SERVICES[index].name, namespace: 'shop', annotations: SERVICES[index].annotations },
  spec: {
    clusterIP: virtual(index, 'IPv4'),
    clusterIPs: FAMILIES.map((family) => virtual(index, family)),
    ipFamilies: FAMILIES,
    ports: [{ name: 'tcp', port: PORT, targetPort: targetPort(index), protocol: 'TCP' }],
  },
});

/** Weights are a slice's, so each endpoint has slices of its own. */
const sliceOf = (index, { endpoint, ready }) =>
  FAMILIES.map((addressType) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${SERVICES[index].name}-${addressType.toLowerCase()}-${endpoint}`,
      namespace: 'shop',
      labels: { 'kubernetes.io/service-name': SERVICES[index].name },
      annotations: {
        'undermesh.io/weight': String(SERVICES[index].name === 'weighted' ? WEIGHTS[endpoint] : 1),
      },
    },
    addressType,
    ports: [{ name: 'tcp', port: targetPort(index), protocol: 'TCP' }],
    endpoints: [
      {
        addresses: [addressOf(endpoint, addressType)],
        conditions: { ready, serving: true },
        zone: ZONES[endpoint],
      },
    ],
  }));
