// SPDX-License-Identifier: Apache-2.0
// How long a cluster of 5,000 pods behind 100 services takes to list, one change after that, and what memory it needs, with
// as many pods on this node as a node has (110), and with all of them: node --expose-gc packages/mesh/bench/cluster.bench.mjs
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLogger, setLogLevel } from '@undermesh/core';
import { KubernetesSource } from '@undermesh/mesh';

const PODS = 5_000;
const SERVICES = 100;
const here = fileURLToPath(import.meta.url);

const metadata = (name, more = {}) => ({
  name,
  namespace: 'shop',
  uid: `uid-${name}`,
  resourceVersion: '1',
  ...more,
});
const address = (at) => `10.128.${at >> 8}.${at & 255}`;

/** Much of a pod is of no use to a mesh: as long as those of a real cluster. */
const podOf = (at) => ({
  metadata: metadata(`p${at}`, {
    labels: { app: `s${at % SERVICES}`, 'pod-template-hash': '7d9f8c6b5' },
    ownerReferences: [{ kind: 'ReplicaSet', name: `s${at % SERVICES}-7d9f8c6b5`, controller: true }],
    managedFields: Array.from({ length: 3 }, () => ({
      manager: 'kubelet',
      fieldsV1: { f: 'x'.repeat(800) },
    })),
  }),
  spec: {
    nodeName: 'here',
    containers: [{ name: 'app', image: 'shop', env: [{ name: 'A', value: 'y'.repeat(500) }] }],
  },
  status: { phase: 'Running', podIP: address(at), conditions: [{ type: 'Ready', message: 'z'.repeat(500) }] },
});
const serviceOf = (at) => ({
  metadata: metadata(`s${at}`),
  spec: { clusterIP: `10.96.0.${at + 1}`, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});
const sliceOf = (at, ready = true) => ({
  metadata: metadata(`s${at}`, {
    labels: { 'kubernetes.io/service-name': `s${at}` },
    ...(ready ? {} : { resourceVersion: '2' }),
  }),
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: Array.from({ length: PODS / SERVICES }, (_, i) => ({
    addresses: [address(at + i * SERVICES)],
    conditions: { ready: ready || i > 0, serving: true, terminating: false },
    nodeName: `node-${i}`,
    zone: `zone-${i % 3}`,
    targetRef: { kind: 'Pod', name: `p${at + i * SERVICES}`, uid: `uid-${at + i * SERVICES}` },
  })),
});
const many = (count, make) => Array.from({ length: count }, (_, at) => make(at));

/** Answers lists in pages, keeps watches open, and changes a slice when told. */
function serve(podsHere) {
  const objects = {
    services: many(SERVICES, serviceOf),
    endpointslices: many(SERVICES, (at) => sliceOf(at)),
    pods: many(podsHere, podOf),
  };
  let watch;
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    const plural = url.pathname.split('/').at(-1);
    if (url.searchParams.has('watch')) {
      response.flushHeaders();
      if (plural === 'endpointslices') watch = response;
      return;
    }
    const from = Number(url.searchParams.get('continue') ?? 0);
    const to = from + Number(url.searchParams.get('limit'));
    const all = objects[plural] ?? [];
    const next = to < all.length ? { continue: String(to) } : {};
    response.end(JSON.stringify({ metadata: { resourceVersion: '1', ...next }, items: all.slice(from, to) }));
  }).listen(0, '127.0.0.1', () => process.send(server.address().port));
  const change = () => {
    if (watch === undefined) return setTimeout(change, 10);
    process.send('changed');
    return watch.write(`${JSON.stringify({ type: 'MODIFIED', object: sliceOf(7, false) })}\n`);
  };
  process.on('message', change);
}

async function measure(podsHere) {
  const server = fork(here, ['serve', String(podsHere)], { stdio: 'inherit' });
  const port = await new Promise((resolve) => server.once('message', resolve));
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-cluster-'));
  for (const name of ['token', 'ca.crt']) writeFileSync(join(directory, name), '');
  const access = { server: `http://127.0.0.1:${port}`, directory };
  globalThis.gc();
  const before = process.memoryUsage();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const source = new KubernetesSource({ access, node: 'here', log: createLogger('bench'), startMs: 60_000 });
  await source.start();
  const listedMs = performance.now() - startMs;
  const cpu = process.cpuUsage(cpuBefore);
  const peakBytes = process.memoryUsage().rss;
  globalThis.gc();
  const heapBytes = process.memoryUsage().heapUsed - before.heapUsed;
  await new Promise((resolve) => setTimeout(resolve, 1_000)); // it rests after having put so much together
  const changed = new Promise((resolve) => source.subscribe(() => resolve(performance.now())));
  server.send('change');
  await new Promise((resolve) => server.once('message', resolve));
  const changeMs = performance.now();
  const tookMs = (await changed) - changeMs;
  await source.stop();
  server.kill();
  rmSync(directory, { recursive: true });
  return {
    'pods of this node': podsHere,
    endpoints: PODS,
    'listed, ms': Math.round(listedMs),
    'CPU for that, ms': Math.round((cpu.user + cpu.system) / 1e3),
    'one change, of which 100 ms gathering, ms': Math.round(tookMs),
    'heap held, MB': Math.round(heapBytes / 1e5) / 10,
    'resident at most, before that, MB': `${Math.round(peakBytes / 1e6)}, ${Math.round(before.rss / 1e6)}`,
  };
}

if (process.argv[2] === 'serve') serve(Number(process.argv[3]));
else {
  setLogLevel('silent');
  console.table([await measure(110), await measure(PODS)]);
}
