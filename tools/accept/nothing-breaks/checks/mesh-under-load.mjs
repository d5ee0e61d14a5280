// SPDX-License-Identifier: Apache-2.0
// What nothing may break: a node whose clients call two services, over IPv4 and IPv6, while its agent and the collector
// are switched, restarted, replaced and killed. The traffic never tries anything twice, so that every break is seen.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cgroup2Mount } from '../../../testbed/cgroups.mjs';
import { endHere, enter, joinByBridge, setSysctls, translate } from '../../../testbed/namespaces.mjs';
import { Road } from '../../../testbed/road.mjs';
import { startSteadyClient, startSteadyServer } from '../../../testbed/steady.mjs';
import { Findings } from '../../road/checks/findings.mjs';

export const NODE = 'left';
const SERVICES = [
  { name: 'four', family: 'IPv4', address: '10.98.0.1', endpoints: ['10.99.2.1', '10.99.2.2', '10.99.2.3'] },
  { name: 'six', family: 'IPv6', address: 'fd98::1', endpoints: ['fd99::2:1', 'fd99::2:2', 'fd99::2:3'] },
];
const RANGES = ['10.98.0.0/16', 'fd98::/64'];
const PORT = 80;
const TARGET_PORT = 7000;

const at = (address, port) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);

/** A node that is steered, the servers that it calls, and a collector. */
export class MeshUnderLoad {
  findings = new Findings();
  /** What the node runs until an order says otherwise. */
  engineName = 'dual-engine';
  #servers;

  /** The result of a test on a mesh of its own. @param {string} name of the testbed */
  static async run(name, test) {
    const mesh = new this(await Road.create(name)); // or of a class that widens this one
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
  }

  /** Of the agent, beyond what every road has. */
  get settings() {
    const cgroup = `/${relative(cgroup2Mount(), this.road.testbed.cgroup(NODE))}`;
    return {
      mesh: { manifests: join(this.road.state, 'mesh'), enrol: [cgroup] },
      engine: { default: this.engineName, directory: join(this.road.state, 'engine') },
    };
  }

  /** Kubernetes objects that the node steers by. */
  get manifests() {
    return manifests();
  }

  /** Of the servers' side, with the lengths of their prefixes. */
  get serverAddresses() {
    return SERVICES.flatMap(({ family, endpoints }) =>
      endpoints.map((address) => `${address}/${family === 'IPv4' ? 16 : 64}`),
    );
  }

  /** Rules of nft that stand in for the engine where it is off. */
  get translation() {
    return translation();
  }

  startAgent(settings = {}, options = {}) {
    return this.road.startAgent(NODE, { ...this.settings, ...settings }, options);
  }

  /** As the API says. */
  async engine() {
    const { items } = await this.road.api('engines');
    return items.find(({ node }) => node === NODE)?.engine ?? {};
  }

  /** Orders an engine and waits until the kernel is said to run it. @returns {Promise<number>} how long that took, ms */
  async order(engine) {
    const begun = performance.now();
    const { generation } = await this.road.put(`nodes/${NODE}/engine`, { engine, reason: 'nothing breaks' });
    await this.road.until(`${engine} is in force as generation ${generation}`, async () => {
      const now = await this.engine();
      return now.state === 'in-force' && now.observed === engine && now.generation === generation;
    });
    return performance.now() - begun;
  }

  /** Whether addresses are translated where the engine is off. */
  translateToo(on) {
    if (on) translate(this.namespace, this.translation);
    else enter(this.namespace, ['nft', 'flush', 'ruleset']);
  }

  /** Traffic that lasts while something happens. @returns {Promise<import('../../../testbed/steady.mjs').SteadyResult>} */
  async during(load, happen) {
    const client = startSteadyClient(
      this.road.testbed,
      { target: SERVICES.map(({ address }) => at(address, PORT)), ...load },
      { namespace: this.namespace, cgroup: this.road.testbed.cgroup(`${NODE}/shop/client`) },
    );
    await pause(1000);
    try {
      await happen();
      await pause(500);
    } finally {
      this.result = await client.stop();
    }
    return this.result;
  }

  /** Nothing failed, was reset, or stood still for longer than `stallMs`, which is only told when it is undefined. */
  judge({ lasting, requests, probes, messages, outOfOrder }, { stallMs } = {}) {
    const { findings } = this;
    const failures = (tally) =>
      Object.entries(tally.failed)
        .map(([why, count]) => `${count} ${why}`)
        .join(', ') || 'none';
    findings.tell('connections kept', lasting.made);
    findings.equal('of these broken', failures(lasting), 'none');
    findings.tell('messages both ways', messages);
    findings.equal('messages out of order', outOfOrder, 0);
    findings.tell('requests', requests.made);
    findings.equal('requests that failed', failures(requests), 'none');
    findings.equal('requests without an answer', requests.made - requests.done, 0);
    findings.tell('probes of a virtual address', probes.made);
    findings.equal('probes that were not steered', failures(probes), 'none');
    findings.equal('probes without an answer', probes.made - probes.done, 0);
    const longest = `message ${lasting.longestMs} ms, request ${requests.longestMs} ms, probe ${probes.longestMs} ms`;
    if (stallMs === undefined) findings.tell('longest stall', longest);
    else
      findings.holds(
        `longest stall of a message within ${stallMs} ms`,
        lasting.longestMs <= stallMs,
        longest,
      );
  }

  /** Servers that listen, a collector, an agent whose engine is in force. */
  async open() {
    const { road } = this;
    const { testbed } = road;
    const [fabric, right] = ['fabric', 'right'].map((part) => testbed.namespace(part));
    joinByBridge(fabric, [
      { namespace: this.namespace, addresses: ['10.99.1.1/16', 'fd99::1:1/64'] },
      { namespace: right, addresses: this.serverAddresses },
    ]);
    setSysctls(this.namespace, { 'net.ipv4.ip_local_port_range': '1024 65000', 'net.ipv4.tcp_tw_reuse': 1 });
    endHere(this.namespace, RANGES);
    await this.startServers(right);
    mkdirSync(this.settings.mesh.manifests, { recursive: true });
    for (const [index, manifest] of this.manifests.entries()) {
      writeFileSync(join(this.settings.mesh.manifests, `${index}.yaml`), JSON.stringify(manifest)); // JSON is YAML too
    }
    await road.startCollector();
    await this.startAgent();
    await road.until('the engine is in force', async () => {
      const { state, observed } = await this.engine();
      return state === 'in-force' && observed === this.engineName;
    });
  }

  /** @param {string} namespace of the servers' side */
  async startServers(namespace) {
    const { testbed } = this.road;
    const targets = SERVICES.flatMap(({ endpoints }) => endpoints.map((address) => at(address, TARGET_PORT)));
    const place = { namespace, cgroup: testbed.cgroup('right/shop/server') };
    this.#servers = await startSteadyServer(testbed, targets, place);
  }

  async close() {
    await this.#servers?.stop();
    await this.road.uninstall(NODE);
    await this.road.destroy();
  }
}

function manifests() {
  return SERVICES.flatMap(({ name, family, address, endpoints }) => [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'shop' },
      spec: {
        clusterIP: address,
        clusterIPs: [address],
        ipFamilies: [family],
        ports: [{ name: 'tcp', port: PORT, targetPort: TARGET_PORT, protocol: 'TCP' }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
      addressType: family,
      ports: [{ name: 'tcp', port: TARGET_PORT, protocol: 'TCP' }],
      endpoints: endpoints.map((one) => ({ addresses: [one], conditions: { ready: true } })),
    },
  ]);
}

/** What a cluster would have for nodes whose engine is off. */
function translation() {
  const tables = SERVICES.map(({ family, address, endpoints }) => {
    const kind = family === 'IPv4' ? 'ip' : 'ip6';
    const map = endpoints.map((one, index) => `${index} : ${one}`).join(', ');
    return `table ${kind} undermesh_test {
  chain out {
    type nat hook output priority -100;
    ${kind} daddr ${address} tcp dport ${PORT} dnat to numgen random mod ${endpoints.length} map { ${map} } : ${TARGET_PORT}
  }
}`;
  });
  return `${tables.join('\n')}\n`;
}
