// SPDX-License-Identifier: Apache-2.0
// The demo: three nodes on one machine, each a network namespace and a cgroup, with the bookshop on them, and a
// fourth place without an agent.
//
//   undermesh-demo-shop-1   10.99.1.x fd99::1:x ──┐
//   undermesh-demo-shop-2   10.99.2.x fd99::2:x ──┤ bridge, in undermesh-demo-fabric
//   undermesh-demo-shop-3   10.99.3.x fd99::3:x ──┤
//   undermesh-demo-outside  10.99.9.x fd99::9:x ──┘
//
// Services are called at virtual addresses, 10.98.0.x and fd98::x, which the dual engine steers: to endpoints, and requests
// for reviews to the waypoint that the agent of shop-2 runs. On a node whose engine is off, nftables stands in for what a
// cluster has for that: it translates, straight to endpoints.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, stateDirectory } from './paths.mjs';
import { Failure, warn } from './say.mjs';
import {
  addBlackhole,
  endHere,
  joinByBridge,
  namespacePath,
  setSysctls,
  translate,
} from './testbed/namespaces.mjs';
import { Testbed } from './testbed/testbed.mjs';

export const demoName = 'undermesh-demo';

/** How cgroups of the demo name workloads: `undermesh-demo/NODE/NAMESPACE/WORKLOAD[@VERSION]`. */
export const demoIdentity = [
  { cgroup: `**/${demoName}/*/:namespace/:workload@:version` },
  { cgroup: `**/${demoName}/*/:namespace/:workload` },
];

/** The bookshop's plan; it has to be built. */
export const bookshop = () => import(pathToFileURL(join(root, 'examples/bookshop/dist/index.js')).href);

const main = join(root, 'examples/bookshop/dist/main.js');
/** Kubernetes manifests of the demo's services. */
const manifests = join(stateDirectory, 'demo', 'mesh');

/**
 * Makes the demo's nodes.
 * @param {import('./run.mjs').Run} run where it is written down
 * @returns {Promise<{ testbed: Testbed, nodes: { name: string, cgroup: string, mesh: object,
 *   engine: string }[] }>} cgroups as paths below the mount; `mesh`: that section of the agent's configuration;
 *   `engine`: until somebody orders another
 */
export async function createNodes(run, { name = demoName } = {}) {
  const { demoPlace, nodes, outside, retired, waypoint, workloads } = await bookshop();
  const testbed = await Testbed.create(name).catch((error) => {
    throw new Failure(error.message, {
      mend: 'one demo runs on a machine at a time: stop the other one first',
    });
  });
  run.add({ kind: 'testbed', name });
  const fabric = testbed.namespace('fabric');
  const members = [...nodes, outside].map((node) => {
    const addresses = workloads
      .filter((one) => one.node === node)
      .flatMap(({ id }) => written(demoPlace(id)));
    if (node === waypoint.node) {
      // what a process does not choose is the first address of IPv4 and the last of IPv6
      const [first, last] = written(waypoint);
      addresses.unshift(first);
      addresses.push(last);
    }
    return { namespace: testbed.namespace(node), addresses };
  });
  joinByBridge(fabric, members);
  for (const { namespace } of members) {
    setSysctls(namespace, { 'net.ipv4.tcp_syn_retries': 1 });
    addBlackhole(namespace, retired.ipv4);
  }
  for (const { id, node, namespace } of workloads) testbed.cgroup(join(node, namespace, id));
  await makeServices(nodes.map((node) => `${name}-${node}`));
  return {
    testbed,
    nodes: nodes.map((node) => {
      const cgroup = `/${name}/${node}`;
      const mesh = { manifests, enrol: [cgroup] };
      if (node === waypoint.node) {
        mesh.waypoints = {
          run: [`${waypoint.namespace}/${waypoint.name}`],
          cgroup: join(cgroup, waypoint.namespace, waypoint.name),
          networkNamespace: namespacePath(`${name}-${node}`),
        };
      }
      return { name: node, cgroup, mesh, engine: 'dual-engine' };
    }),
  };
}

/** Addresses of a place with the lengths of their prefixes. */
const written = ({ ipv4, ipv6 }) => [`${ipv4}/16`, `${ipv6}/64`];

/** Writes down what the services are, and has virtual addresses translated where no engine steers. */
async function makeServices(namespaces) {
  const shop = await bookshop();
  rmSync(manifests, { recursive: true, force: true });
  mkdirSync(manifests, { recursive: true });
  for (const object of shop.manifests()) {
    const { kind, metadata } = object;
    const file = [kind, metadata.namespace, metadata.name].filter(Boolean).join('-').toLowerCase();
    writeFileSync(join(manifests, `${file}.yaml`), `${JSON.stringify(object, null, 2)}\n`); // JSON is YAML too
  }
  for (const namespace of namespaces) {
    endHere(namespace, Object.values(shop.virtualRanges));
    try {
      translate(namespace, shop.translationRules());
    } catch (error) {
      warn(
        `with its engine off, ${namespace} reaches no service: ${String(error.stderr || error.message).trim()}`,
      );
    }
  }
}

/**
 * Opens the bookshop on the demo's nodes.
 * @param {import('./processes.mjs').Processes} processes
 * @param {{ testbed: Testbed, rate: number }} options `rate`: requests per second that shoppers make
 */
export async function openBookshop(processes, { testbed, rate }) {
  const { assignment, callsVirtually, demoPlace, virtualPlace, workloads } = await bookshop();
  const counts = join(stateDirectory, 'demo', 'counts');
  mkdirSync(counts, { recursive: true });
  const start = (workload) => {
    const { id, node, namespace } = workload;
    const countsFile = join(counts, `${id}.json`);
    const virtualPlaceOf = callsVirtually(workload) ? virtualPlace : undefined;
    const given = assignment(id, {
      placeOf: demoPlace,
      virtualPlaceOf,
      rate,
      countsFile,
      retiredAddress: true,
    });
    return new Promise((ready) => {
      processes.start({
        name: `bookshop-${id}`,
        group: id === 'shoppers' ? 'shoppers' : 'bookshop',
        command: [process.execPath, main],
        env: { BOOKSHOP: JSON.stringify(given) },
        place: { namespace: `${testbed.name}-${node}`, cgroup: testbed.cgroup(join(node, namespace, id)) },
        onLine: (line) => {
          if (line === `${id} ready`) ready();
          return false;
        },
      });
    });
  };
  const shops = workloads.filter(({ id }) => id !== 'shoppers');
  await processes.unlessDeath(Promise.all(shops.map(start)));
  await processes.unlessDeath(Promise.all(workloads.filter((one) => !shops.includes(one)).map(start)));
}
