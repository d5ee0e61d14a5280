// SPDX-License-Identifier: Apache-2.0
// The demo: three nodes on one machine, each a network namespace and a cgroup, with the bookshop on them, and a
// fourth place without an agent.
//
//   undermesh-demo-shop-1   10.99.1.x fd99::1:x ──┐
//   undermesh-demo-shop-2   10.99.2.x fd99::2:x ──┤ bridge, in undermesh-demo-fabric
//   undermesh-demo-shop-3   10.99.3.x fd99::3:x ──┤
//   undermesh-demo-outside  10.99.9.x fd99::9:x ──┘
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, stateDirectory } from './paths.mjs';
import { Failure } from './say.mjs';
import { addBlackhole, joinByBridge, setSysctls } from './testbed/namespaces.mjs';
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

/**
 * Makes the demo's nodes.
 * @param {import('./run.mjs').Run} run where it is written down
 * @returns {Promise<{ testbed: Testbed, nodes: { name: string, cgroup: string }[] }>} cgroups as paths below the mount
 */
export async function createNodes(run, { name = demoName } = {}) {
  const { demoPlace, nodes, outside, retired, workloads } = await bookshop();
  const testbed = await Testbed.create(name).catch((error) => {
    throw new Failure(error.message, {
      mend: 'one demo runs on a machine at a time: stop the other one first',
    });
  });
  run.add({ kind: 'testbed', name });
  const fabric = testbed.namespace('fabric');
  const members = [...nodes, outside].map((node) => {
    const places = workloads.filter((one) => one.node === node).map(({ id }) => demoPlace(id));
    const addresses = places.flatMap(({ ipv4, ipv6 }) => [`${ipv4}/16`, `${ipv6}/64`]);
    return { namespace: testbed.namespace(node), addresses };
  });
  joinByBridge(fabric, members);
  for (const { namespace } of members) {
    setSysctls(namespace, { 'net.ipv4.tcp_syn_retries': 1 });
    addBlackhole(namespace, retired.ipv4);
  }
  for (const { id, node, namespace } of workloads) testbed.cgroup(join(node, namespace, id));
  return { testbed, nodes: nodes.map((node) => ({ name: node, cgroup: `/${name}/${node}` })) };
}

/**
 * Opens the bookshop on the demo's nodes.
 * @param {import('./processes.mjs').Processes} processes
 * @param {{ testbed: Testbed, rate: number }} options `rate`: requests per second that shoppers make
 */
export async function openBookshop(processes, { testbed, rate }) {
  const { assignment, demoPlace, workloads } = await bookshop();
  const counts = join(stateDirectory, 'demo', 'counts');
  mkdirSync(counts, { recursive: true });
  const start = ({ id, node, namespace }) => {
    const countsFile = join(counts, `${id}.json`);
    const given = assignment(id, { placeOf: demoPlace, rate, countsFile, retiredAddress: true });
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
