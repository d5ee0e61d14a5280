// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uninstall } from '../../src/uninstall.js';
import { until } from '../engine-bed.js';
import { WaypointAgentBed } from './agent-bed.js';
import { canRun } from './bed.js';

const BACKEND = `
for (const address of ['10.1.0.1', 'fd01::1', '10.1.0.2', 'fd01::2'])
  require('node:http').createServer((request, response) =>
    response.end(JSON.stringify({ server: Number(address.at(-1)), url: request.url, host: request.headers.host }))).listen(8080, address);
setTimeout(() => console.log('ready'), 100);`;

const serviceOf = (name: string, host: number): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop, labels: { istio.io/use-waypoint: way } }
spec:
  clusterIPs: [10.96.0.${host}, "fd96::${host}"]
  ports: [{ name: http, port: 80 }]
${[
  ['IPv4', `10.1.0.${host}`],
  ['IPv6', `fd01::${host}`],
]
  .map(
    ([family, address]) => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-${family?.toLowerCase()}, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }
addressType: ${family}
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: ["${address}"], nodeName: here }]
`,
  )
  .join('')}`;

const OPTION = '{ name: plain, port: 15008, protocol: HTTP }';
const PROXY = '{ name: proxied, port: 15009, protocol: undermesh.io/PROXY }';

const meshOf = (prefix: string, listener = OPTION): string => `
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
  listeners: [${listener}]
${serviceOf('one', 1)}${serviceOf('two', 2)}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: one, namespace: shop }
spec:
  parentRefs: [{ kind: Service, group: "", name: one }]
  rules:
    - backendRefs: [{ name: one, port: 80 }]
    - matches: [{ path: { value: ${prefix} } }]
      backendRefs: [{ name: two, port: 80 }]
`;

describe.skipIf(!canRun)(
  'an agent with a waypoint (needs root, cgroup v2 and HAProxy)',
  { timeout: 60_000 },
  () => {
    let bed: WaypointAgentBed;

    beforeAll(async () => {
      bed = await WaypointAgentBed.start({ mesh: meshOf('/v2'), backend: BACKEND });
    }, 60_000);
    afterAll(() => bed?.end(), 60_000);

    const run = promisify(execFile);
    /** What an enrolled curl gets. */
    const curl = async (url: string): Promise<unknown> => {
      const script = bed.asClient('curl -gsS -m 5 "$0"');
      const { stdout } = await run('sh', ['-c', script, url]);
      return JSON.parse(stdout);
    };
    const waypointPid = (): number => {
      const waypoints = join(bed.config.runDirectory, 'waypoints', 'here');
      return Number(readFileSync(join(waypoints, readdirSync(waypoints)[0]!, 'haproxy.pid'), 'utf8'));
    };

    /** Both services answer by the route, over both families. */
    const expectRouted = async () => {
      for (const [before, after] of [
        ['10.96.0.', ''],
        ['[fd96::', ']'],
      ] as const)
        for (const [number, path, server] of [
          [1, '/', 1],
          [1, '/v2/a?b=c', 2],
          [2, '/v2', 2],
          [2, '/', 2],
        ] as const) {
          const host = `${before}${number}${after}`;
          expect(await curl(`http://${host}${path}`)).toEqual({ server, url: path, host });
        }
    };

    it('has HTTP go through a stock HAProxy, which knows where each connection wanted to go', async () => {
      await until('the waypoint', async () => (await curl('http://10.96.0.1/').catch(() => null)) !== null);
      await expectRouted();
      const { stdout } = await run('cat', [join(bed.engine.cgroup, 'way', 'cgroup.procs')]);
      expect(stdout.split('\n')).toContain(String(waypointPid()));
      const metrics = await (await fetch(`http://127.0.0.1:${bed.agent.port}/metrics`)).text();
      expect(metrics).toContain('undermesh_agent_waypoint{waypoint="shop/way",state="current"} 1');
    });

    it('takes over what a manifest says anew, and goes on while no agent runs', async () => {
      const pid = waypointPid();
      bed.write(meshOf('/v3'));
      await until('the new route', async () => {
        const { server } = (await curl('http://10.96.0.1/v3')) as { server: number };
        return server === 2;
      });
      expect(await curl('http://10.96.0.1/v2')).toMatchObject({ server: 1 });
      await bed.agent.stop();
      expect(await curl('http://10.96.0.1/v3')).toMatchObject({ server: 2 });
      await bed.startAgain();
      expect(await curl('http://[fd96::1]/v3')).toMatchObject({ server: 2 });
      expect(waypointPid()).toBe(pid);
    });

    it('routes the same by the PROXY protocol, where that is what the waypoint listens for', async () => {
      bed.write(meshOf('/v2', PROXY));
      await until('the other listener', async () => {
        const { stdout } = await run('ip', ['netns', 'exec', bed.engine.namespace, 'ss', '-Hltn']);
        const answers = (await curl('http://10.96.0.1/').catch(() => null)) !== null;
        return stdout.includes(':15009') && !stdout.includes(':15008') && answers;
      });
      await expectRouted();
    });

    it('ends it at uninstall', async () => {
      const pid = waypointPid();
      await bed.agent.stop();
      await uninstall(bed.config);
      await until('it is gone', () => !existsSync(`/proc/${pid}`)); // once somebody has waited for it
      expect(existsSync(join(bed.config.runDirectory, 'waypoints', 'here'))).toBe(false);
    });
  },
);
