// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { KernelRoutes } from '../mesh/kernel-routes.js';
import {
  ask,
  canRun,
  meshOf,
  newRunner,
  ofService,
  routeManifest,
  serviceManifest,
  startBackend,
} from './bed.js';

const RULES = `
    - matches: [{ path: { type: Exact, value: /a/b } }]
      backendRefs: [{ name: s4, port: 80 }]
    - matches: [{ path: { type: PathPrefix, value: /a/b } }]
      backendRefs: [{ name: s3, port: 80 }]
    - matches: [{ path: { type: PathPrefix, value: /a } }]
      backendRefs: [{ name: s2, port: 80 }]
    - backendRefs: [{ name: s1, port: 80 }]
`;

/** The backend that a path leads to. */
const CASES: readonly (readonly [path: string, server: string])[] = [
  ['/a/b', 'b4'],
  ['/a/b/', 'b3'],
  ['/a/b/c%20d', 'b3'],
  ['/a/bc', 'b2'],
  ['/A/b', 'b1'],
  ['/a/b//c', 'b3'],
  ['/a//b', 'b2'],
  ['//a/b', 'b1'],
  ['/a/./b', 'b2'],
  ['/a/b/.', 'b3'],
  ['/a/%62', 'b2'],
  ['/%61/b', 'b1'],
  ['/a/b%2Fc', 'b2'],
  ['/a/b/x%2Fy', 'b3'],
  ['/a/b%00', 'b2'],
  ['/a/b/%zz', 'b3'],
  ['/a/b\\c', 'b2'],
  ['/a/b/..', 'b1'],
  ['/a/../b', 'b1'],
  ['/a/%2e%2E/b', 'b1'],
  ['/a/b%2f..%2f..', 'b1'],
  ['/a/..;x=1/b', 'b1'],
  ['/a/..%00', 'b1'],
  ['/a/...', 'b2'],
  ['/a/..b', 'b2'],
];

describe.skipIf(!canRun)(
  'paths that servers read differently (needs root and HAProxy)',
  { timeout: 30_000 },
  () => {
    it('lead to the same backend at a waypoint and in the kernel', async () => {
      await Promise.all([1, 2, 3, 4].map((number) => startBackend(number)));
      const services = [1, 2, 3, 4].map((number) => serviceManifest(number, [number]));
      const mesh = await meshOf(...services, routeManifest('paths', ofService(1), `  rules:${RULES}`));
      await newRunner().apply(mesh);
      using kernel = new KernelRoutes(mesh);
      for (const [path, server] of CASES) {
        const request = { method: 'GET', target: path, headers: [['host', 's1']] as const };
        const rule = kernel.match('shop/s1', request).route?.split('#')[1];
        expect({ path, server: `b${5 - Number(rule)}` }).toEqual({ path, server });
        expect({ path, server: (await ask(1, path)).echo?.server }).toEqual({ path, server });
      }
    });
  },
);
