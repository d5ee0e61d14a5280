// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import {
  decodeConnectionRecord,
  HttpLimit,
  LegRecord,
  LegSample,
  RecordColumns,
  RecordKind,
  Reporter,
} from '@undermesh/bpf-abi';
import { FRAME_TYPES, type LegBalance } from '@undermesh/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../engine-bed.js';
import type { TestCollector } from '../test-collector.js';
import { WaypointAgentBed } from './agent-bed.js';
import { canRun } from './bed.js';

/** Answers after some milliseconds, so that its time and the waypoint's can be told apart. */
const DELAY_MS = 5;
const BACKEND = `
for (const address of ['10.1.0.1', 'fd01::1'])
  require('node:http').createServer((request, response) =>
    setTimeout(() => response.end('x'.repeat(100)), ${DELAY_MS})).listen(8080, address);
setTimeout(() => console.log('ready'), 100);`;

/** Asks so often over so many connections that are kept alive, and counts the answers by status. */
const LOAD = `
const http = require('node:http');
const [urls, count, sockets] = JSON.parse(process.argv[1]);
const agent = new http.Agent({ keepAlive: true, maxSockets: sockets });
const statuses = {};
let left = count;
const one = () => new Promise((resolve) => {
  const at = left--;
  if (at <= 0) return resolve(false);
  http.get(urls[at % urls.length], { agent }, (response) => {
    response.resume().on('end', () => { statuses[response.statusCode] = (statuses[response.statusCode] ?? 0) + 1; resolve(true); });
  }).on('error', ({ message }) => { statuses.error = message; resolve(true); });
});
const run = async () => { while (await one()); };
Promise.all(Array.from({ length: sockets }, run)).then(() => { console.log(JSON.stringify(statuses)); process.exit(); });`;

const meshOf = (rules: string): string => `
apiVersion: v1
kind: Node
metadata: { name: here }
status: { addresses: [{ type: InternalIP, address: 10.1.0.4 }, { type: InternalIP, address: "fd01::4" }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: way, namespace: shop, annotations: { undermesh.io/node: here } }
spec:
  gatewayClassName: undermesh-waypoint
  addresses: [{ value: 10.1.0.3 }, { value: "fd01::3" }]
  listeners: [{ name: plain, port: 15008, protocol: HTTP }]
---
apiVersion: v1
kind: Service
metadata: { name: one, namespace: shop, labels: { istio.io/use-waypoint: way } }
spec:
  clusterIPs: [10.96.0.1, "fd96::1"]
  ports: [{ name: http, port: 80 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: one-4, namespace: shop, labels: { kubernetes.io/service-name: one } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: ["10.1.0.1"], nodeName: here }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: one-6, namespace: shop, labels: { kubernetes.io/service-name: one } }
addressType: IPv6
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: ["fd01::1"], nodeName: here }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: one, namespace: shop }
spec:
  parentRefs: [{ kind: Service, group: "", name: one }]
  rules:
    - backendRefs: [{ name: one, port: 80 }]
${rules}
`;
const MOVED = `    - matches: [{ path: { value: /moved } }]
      filters: [{ type: RequestRedirect, requestRedirect: { path: { type: ReplaceFullPath, replaceFullPath: / } } }]`;

interface Sample {
  readonly firstByteUs: number;
  readonly waypointUs: number;
  readonly status: number;
}

interface Told {
  readonly families: readonly [number, number];
  readonly servers: ReadonlySet<number>;
  readonly joined: readonly Sample[];
  readonly answered: readonly Sample[];
}

/** What the leg records that a collector got say. */
function toldOf(collector: TestCollector): Told {
  const families: [number, number] = [0, 0];
  const servers = new Set<number>();
  const joined: Sample[] = [];
  const answered: Sample[] = [];
  for (const { payload, recordBytes } of collector.frames(FRAME_TYPES.records)) {
    const columns = new RecordColumns(payload.slice(), recordBytes);
    for (let index = 0; index < columns.count; index++) {
      if (columns.u8(index, 0) !== RecordKind.LEG) continue;
      const front = decodeConnectionRecord(columns.bytes(index, LegRecord.connection, 192));
      const onward = decodeConnectionRecord(columns.bytes(index, LegRecord.onward, 192));
      expect(front).toMatchObject({ reporter: Reporter.DESTINATION, localPort: 15008, originalPort: 80 });
      if (onward.kind !== 0) {
        expect(onward).toMatchObject({ reporter: Reporter.SOURCE, peerPort: 8080 });
        servers.add(onward.peerPort);
      }
      for (let n = 0; n < columns.u8(index, LegRecord.sampleCount); n++) {
        const at = LegRecord.samples + n * LegSample.BYTES;
        const sample = {
          firstByteUs: columns.u32(index, at + LegSample.firstByteUs),
          waypointUs: columns.u32(index, at + LegSample.waypointUs),
          status: columns.u16(index, at + LegSample.status),
        };
        (onward.kind === 0 ? answered : joined).push(sample);
        if (onward.kind !== 0) families[front.family - 1 === 0 ? 0 : 1]++;
      }
    }
  }
  return { families, servers, joined, answered };
}

describe.skipIf(!canRun)(
  'requests through a waypoint, joined (needs root, cgroup v2 and HAProxy)',
  { timeout: 60_000 },
  () => {
    let bed: WaypointAgentBed;

    beforeAll(async () => {
      bed = await WaypointAgentBed.start({ mesh: meshOf(MOVED), backend: BACKEND });
    }, 60_000);
    afterAll(() => bed?.end(), 60_000);

    /** Requests of an enrolled client; resolves with how many were answered with each status. */
    const load = (urls: string[], count: number, sockets = 4): Promise<Record<string, number | string>> =>
      new Promise((resolve, reject) => {
        const script = bed.asClient('"$0" -e "$1" "$2"');
        const order = JSON.stringify([urls, count, sockets]);
        const child = spawn('sh', ['-c', script, process.execPath, LOAD, order]);
        let said = '';
        child.stdout.on('data', (part: Buffer) => {
          said += part.toString();
        });
        child.on('exit', () => {
          try {
            resolve(JSON.parse(said) as Record<string, number | string>);
          } catch (error) {
            reject(error as Error);
          }
        });
      });
    const balance = (): LegBalance | undefined => bed.collector.reports().at(-1)?.legs;
    const settled = async (made: number): Promise<LegBalance> => {
      await until(`${made} requests`, () => balance()?.made === made && balance()?.waiting === 0);
      return balance()!;
    };

    it('counts every request once, at both families, while the configuration changes', async () => {
      await until('the waypoint', async () => (await load(['http://10.96.0.1/'], 1)).error === undefined);
      await until('the first line', () => (balance()?.made ?? 0) > 0);
      const before = (await settled(balance()?.made ?? 0)).made;
      const told = toldOf(bed.collector);
      const half = load(['http://10.96.0.1/a', 'http://[fd96::1]/b', 'http://10.96.0.1/moved'], 600);
      // Another rule: a new worker takes over while requests are under way.
      bed.write(meshOf(`${MOVED}\n${MOVED.replace('/moved', '/gone')}`));
      expect(await half).toEqual({ 200: 400, 302: 200 });
      expect(await load(['http://[fd96::1]/c', 'http://10.96.0.1/gone'], 100)).toEqual({ 200: 50, 302: 50 });
      const now = await settled(before + 700);
      expect(now).toMatchObject({ unjoined: {} });
      await until('all legs', () => toldOf(bed.collector).joined.length === told.joined.length + 450);
      const legs = toldOf(bed.collector);
      expect(legs.answered).toHaveLength(told.answered.length + 250);
      expect(new Set(legs.joined.map(({ status }) => status))).toEqual(new Set([200]));
      expect(legs.families[0] - told.families[0]).toBe(200);
      expect(legs.families[1] - told.families[1]).toBe(250);
      expect(now.joined + now.answered).toBe(now.made);
    });

    it('tells the waypoint and the server apart', () => {
      const timed = toldOf(bed.collector).joined.filter(
        ({ waypointUs }) => waypointUs < HttpLimit.UNKNOWN_US,
      );
      // All but those of connections that are older than the agent, or that a retry made doubtful.
      expect(timed.length).toBeGreaterThan(400);
      for (const { firstByteUs, waypointUs } of timed)
        expect(firstByteUs - waypointUs).toBeGreaterThanOrEqual(DELAY_MS * 1000 - 1000);
    });

    it('goes on after the agent was replaced, and reads what was written meanwhile', async () => {
      await bed.agent.stop();
      expect(await load(['http://10.96.0.1/d'], 50)).toEqual({ 200: 50 });
      const told = toldOf(bed.collector);
      await bed.startAgain();
      expect(await load(['http://10.96.0.1/e', 'http://[fd96::1]/f'], 50)).toEqual({ 200: 50 });
      // Of connections that were over before it came, the kernel tells it nothing.
      expect(await settled(100)).toMatchObject({ joined: 50, unjoined: { client_unknown: 50 } });
      await until('all legs', () => toldOf(bed.collector).joined.length === told.joined.length + 50);
    });

    it('tells nothing to a collector from before there were legs, and says so', async () => {
      bed.collector.options.legs = false;
      const connections = bed.collector.connections;
      bed.collector.drop();
      await until('another connection', () => bed.collector.connections > connections);
      const told = toldOf(bed.collector);
      expect(await load(['http://10.96.0.1/g'], 20)).toEqual({ 200: 20 });
      expect(await settled(120)).toMatchObject({ joined: 50, unjoined: { collector_old: 20 } });
      expect(toldOf(bed.collector).joined).toHaveLength(told.joined.length);
    });
  },
);
