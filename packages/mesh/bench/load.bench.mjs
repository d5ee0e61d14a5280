// SPDX-License-Identifier: Apache-2.0
// How long 10,000 services with 50,000 endpoints take to load, one edit after that, and what memory they need:
// node --expose-gc packages/mesh/bench/load.bench.mjs
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, setLogLevel } from '@undermesh/core';
import { ManifestSource } from '@undermesh/mesh';

const SERVICES = 10_000;
const ENDPOINTS = 5;
const PER_FILE = 100;

const hostOf = (number) => `${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;

const manifestOf = (at) => `---
apiVersion: v1
kind: Service
metadata:
  name: s${at}
  namespace: shop
spec:
  clusterIP: 10.${hostOf(at + 1)}
  ports:
    - name: http
      port: 80
      targetPort: 8080
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: s${at}
  namespace: shop
  labels:
    kubernetes.io/service-name: s${at}
addressType: IPv4
ports:
  - name: http
    port: 8080
    protocol: TCP
endpoints:
${Array.from({ length: ENDPOINTS }, (_, host) => endpointOf(at * ENDPOINTS + host + 1)).join('')}`;

const endpointOf = (number) => `  - addresses:
      - 11.${hostOf(number)}
    conditions:
      ready: true
    nodeName: n${number % 20}
    zone: z${number % 3}
`;

const heapMegabytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
};

async function measured(what, work) {
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `${what}: ${Math.round(performance.now() - startMs)} ms, of which CPU ${Math.round((user + system) / 1e3)} ms`,
  );
}

setLogLevel('silent');
const directory = mkdtempSync(join(tmpdir(), 'undermesh-load-'));
try {
  for (let first = 0; first < SERVICES; first += PER_FILE) {
    const manifests = Array.from({ length: PER_FILE }, (_, at) => manifestOf(first + at));
    writeFileSync(join(directory, `${first}.yaml`), manifests.join(''));
  }
  const source = new ManifestSource({ directory, log: createLogger('mesh'), settleMs: 0 });
  const before = heapMegabytes();
  await measured(`${SERVICES} services, ${SERVICES * ENDPOINTS} endpoints`, () => source.start());
  console.log(`heap: ${Math.round(heapMegabytes() - before)} MB; problems: ${source.state.problems.length}`);
  const file = join(directory, '700.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('ready: true', 'ready: false'));
  await measured('one endpoint made unready', () => source.refresh());
  await source.stop();
} finally {
  rmSync(directory, { recursive: true });
}
