// SPDX-License-Identifier: Apache-2.0
// Addresses that move between workloads of one node: who listens at them and who calls from them changes every 100 ms,
// and so do the endpoints of services. What the collector says of each connection is compared with what was answered.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cgroup2Mount } from '../../../testbed/cgroups.mjs';
import { endHere, enter, setSysctls } from '../../../testbed/namespaces.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from '../../road/checks/findings.mjs';

const NODE = 'left';
const WORKLOADS = ['red', 'green', 'blue'];
const ADDRESSES = [1, 2, 3].flatMap((host) => [`10.99.1.${host}`, `fd99::1:${host}`]);
const RANGES = ['10.98.0.0/16', 'fd98::/64'];
const TARGET_PORT = 7000;
const PORT = 80;
const MOVE_MS = 100;

const script = fileURLToPath(new URL('workload.mjs', import.meta.url));
const isSix = (address) => address.includes(':');

/** Virtual addresses of a workload's service. */
const virtual = (index) => [`10.98.0.${index + 1}`, `fd98::${index + 1}`];

/** @param {{ name: string, connections: number, perSecond: number }} options */
export async function movingAddresses({ name, connections, perSecond }) {
  const findings = new Findings();
  const road = await Road.create(name);
  try {
    const bed = new MovingBed(road);
    await bed.open();
    const { truth, moves } = await bed.traffic({ connections, perSecond });
    const answered = truth.made.filter(({ server }) => server !== null).length;
    findings.tell('moves of all addresses', moves);
    findings.holds('connections made', truth.made.length >= connections, truth.made.length);
    findings.tell('of them answered', answered);
    findings.tell('refused between two owners', JSON.stringify(truth.failed));
    await road.stopAgents(); // it sends what it has first
    const { records } = await road.settled(truth.made.length + answered);
    findings.equal('ends waiting', records.waiting, 0);
    findings.equal(
      'ends lost',
      sum(Object.values(records.lost), (count) => count),
      0,
    );
    const list = await allOf(road);
    const ends = sum(list, ({ seenBy }) => (seenBy === 'both' ? 2 : 1));
    findings.equal('ends told of', ends, records.made);
    judge(findings, truth, list);
    const established = list.filter(({ state }) => state === 'closed').length;
    const edges = await road.settledEdges(established, ({ closed }) => closed);
    judgeEdges(findings, truth.made, { established, edges });
  } finally {
    await road.uninstall(NODE).catch(() => {});
    await road.destroy();
  }
  return findings.result;
}

class MovingBed {
  #road;
  #namespace;
  #manifests;
  #workloads = [];

  constructor(road) {
    this.#road = road;
    this.#namespace = road.testbed.namespace(NODE);
    this.#manifests = join(road.state, 'mesh');
  }

  /** Collector, agent with its engine in force, workloads that listen. */
  async open() {
    const { testbed } = this.#road;
    for (const address of ADDRESSES) {
      enter(this.#namespace, [
        'ip',
        'address',
        'add',
        `${address}/${isSix(address) ? 128 : 32}`,
        'dev',
        'lo',
      ]);
    }
    endHere(this.#namespace, RANGES);
    setSysctls(this.#namespace, { 'net.ipv4.ip_local_port_range': '10000 65000' });
    mkdirSync(this.#manifests);
    for (const [index, workload] of WORKLOADS.entries()) this.#write(`${workload}-service`, service(index));
    this.#tellEndpoints(0);
    await this.#road.startCollector();
    const cgroup = `/${relative(cgroup2Mount(), testbed.cgroup(NODE))}`;
    await this.#road.startAgent(NODE, {
      mesh: { manifests: this.#manifests, enrol: [cgroup] },
      engine: { default: 'dual-engine', directory: join(this.#road.state, 'engine') },
    });
    await this.#road.until('the engine is in force', async () => {
      const { items } = await this.#road.api('engines');
      return items[0]?.engine?.state === 'in-force';
    });
    this.#workloads = WORKLOADS.map((workload) => {
      const place = { namespace: this.#namespace, cgroup: testbed.cgroup(`${NODE}/shop/${workload}`) };
      return new Workload(
        testbed.spawn(process.execPath, [script, workload, String(TARGET_PORT)], {
          ...place,
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        }),
      );
    });
    await Promise.all(this.#workloads.map((each, index) => each.ask({ open: ownedBy(index, 0) })));
  }

  /** Everybody calls all addresses and services, while addresses move; resolves with what was made. */
  async traffic({ connections, perSecond }) {
    const plain = ADDRESSES.map((address) => ({ address, port: TARGET_PORT }));
    const services = WORKLOADS.flatMap((_, index) => virtual(index)).map((address) => ({
      address,
      port: PORT,
    }));
    const order = { call: [...plain, ...services], perSecond: perSecond / WORKLOADS.length };
    const count = Math.ceil(connections / WORKLOADS.length);
    let over = false;
    const calls = Promise.all(this.#workloads.map((each) => each.ask({ ...order, count }))).finally(
      () => (over = true),
    );
    let moves = 0;
    for (; !over; moves += 1) {
      await pause(MOVE_MS);
      await Promise.all(this.#workloads.map((each, index) => each.ask({ close: ownedBy(index, moves) })));
      await Promise.all(this.#workloads.map((each, index) => each.ask({ open: ownedBy(index, moves + 1) })));
      this.#tellEndpoints(moves + 1);
    }
    const results = await calls;
    const made = results.flatMap(({ made: rows }, index) =>
      rows.map(([address, port, atMs, server]) => ({
        address,
        port,
        atMs,
        server,
        client: WORKLOADS[index],
      })),
    );
    return { truth: { made, failed: results.map(({ failed }) => failed) }, moves };
  }

  #tellEndpoints(move) {
    for (const index of WORKLOADS.keys()) {
      for (const family of ['IPv4', 'IPv6']) {
        const addresses = ownedBy(index, move).filter((address) => isSix(address) === (family === 'IPv6'));
        this.#write(`${WORKLOADS[index]}-${family}`, endpoints(index, family, addresses));
      }
    }
  }

  #write(file, manifest) {
    const path = join(this.#manifests, `${file}.yaml`);
    writeFileSync(`${path}.new`, JSON.stringify(manifest)); // JSON is YAML too
    renameSync(`${path}.new`, path);
  }
}

/** A process of workload.mjs. */
class Workload {
  #child;
  #waiting = new Map();
  #asked = 0;

  constructor(child) {
    this.#child = child;
    child.on('message', ({ id, ...answer }) => this.#waiting.get(id)?.resolve(answer));
    child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`a workload ended with ${code ?? signal}`));
    });
  }

  /** Resolves with the answer. */
  ask(message) {
    const id = ++this.#asked;
    const answered = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#child.send({ id, ...message });
    return answered.finally(() => this.#waiting.delete(id));
  }
}

/** Addresses of a workload after so many moves. */
const ownedBy = (index, move) =>
  ADDRESSES.filter((_, at) => (Math.floor(at / 2) + move) % WORKLOADS.length === index);

const service = (index) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: WORKLOADS[index], namespace: 'shop' },
  spec: {
    clusterIP: virtual(index)[0],
    clusterIPs: virtual(index),
    ipFamilies: ['IPv4', 'IPv6'],
    ports: [{ name: 'tcp', port: PORT, targetPort: TARGET_PORT, protocol: 'TCP' }],
  },
});

const endpoints = (index, family, addresses) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `${WORKLOADS[index]}-${family.toLowerCase()}`,
    namespace: 'shop',
    labels: { 'kubernetes.io/service-name': WORKLOADS[index] },
  },
  addressType: family,
  ports: [{ name: 'tcp', port: TARGET_PORT, protocol: 'TCP' }],
  endpoints: addresses.map((one) => ({ addresses: [one], conditions: { ready: true } })),
});

/** Ended connections by who is said to have called: one export has 100,000 rows at most. */
async function allOf(road) {
  const lists = [];
  for (const workload of WORKLOADS) {
    lists.push(await road.connections(`state=ended&window=3600&source=shop/${workload}`));
  }
  return lists.flat();
}

const sum = (list, of) => list.reduce((total, one) => total + (of(one) ?? 0), 0);

/** Each connection that was made is that of its client's address and port, if there are several the nearest in time. */
function judge(findings, { made, failed }, list) {
  const established = list.filter(({ state }) => state === 'closed');
  const told = groupedByClient(established);
  const found = made.map((truth) => ({ truth, connection: takeNearest(told.get(keyOf(truth)), truth.atMs) }));
  const absent = found.filter(({ connection }) => connection === undefined).length;
  const resets = sum(failed, ({ ECONNRESET }) => ECONNRESET);
  findings.equal('connections that were made and are not told of', absent, 0);
  findings.equal(
    'others told of: those reset before their client looked',
    established.length - made.length + absent,
    resets,
  );
  const steered = established.filter(({ askedFor }) => askedFor !== null).length;
  findings.holds('of them steered by a service', steered > made.length / 10, steered);
  const wrong = found.filter(
    ({ truth, connection }) => connection !== undefined && connection.source.workload !== truth.client,
  );
  findings.equal('whose source is not who called', wrong.length, 0);
  const misnamed = found.filter(
    ({ truth, connection }) =>
      connection !== undefined && truth.server !== null && connection.destination.workload !== truth.server,
  );
  findings.equal('whose destination is not who answered', misnamed.length, 0);
  const [example] = [...wrong, ...misnamed];
  if (example !== undefined) findings.tell('for instance', JSON.stringify(example));
  for (const [index, { ECONNREFUSED }] of failed.entries()) {
    const refused = list.filter(
      ({ state, source }) => state === 'failed' && source.workload === WORKLOADS[index],
    );
    findings.equal(`refused, called by ${WORKLOADS[index]}`, refused.length, ECONNREFUSED ?? 0);
  }
}

function groupedByClient(connections) {
  const groups = new Map();
  for (const one of connections) {
    const group = groups.get(keyOf(one.source)) ?? [];
    groups.set(keyOf(one.source), group);
    group.push(one);
  }
  return groups;
}

const keyOf = ({ address, port }) => `${address} ${port}`;

/** All connections are on the edges between workloads, on each at least those that were answered there. */
function judgeEdges(findings, made, { established, edges }) {
  const pairOf = ({ client, server }) => `${client} to ${server}`;
  const told = new Map(
    edges.map(({ sourceName, destinationName, traffic }) => [
      pairOf({ client: sourceName, server: destinationName }),
      traffic.closed,
    ]),
  );
  findings.equal(
    'connections on all edges',
    sum([...told.values()], (count) => count),
    established,
  );
  const answered = new Map();
  for (const one of made.filter(({ server }) => server !== null)) {
    answered.set(pairOf(one), (answered.get(pairOf(one)) ?? 0) + 1);
  }
  const missing = sum([...answered], ([pair, count]) => Math.max(0, count - (told.get(pair) ?? 0)));
  findings.equal('connections that are not on their edge', missing, 0);
}

/** Takes one out of `connections`. */
function takeNearest(connections = [], atMs) {
  const distance = ({ openedAt }) => Math.abs(Date.parse(openedAt) - atMs);
  const nearest = connections.reduce(
    (best, one) => (distance(one) < distance(best) ? one : best),
    connections[0],
  );
  if (nearest !== undefined) connections.splice(connections.indexOf(nearest), 1);
  return nearest;
}
