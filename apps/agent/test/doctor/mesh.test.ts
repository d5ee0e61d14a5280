// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/config/load.js';
import { meshFindings } from '../../src/doctor/mesh.js';

const SHOP = `
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec:
  clusterIP: 10.96.0.1
  ports: [{ name: http, port: 80, appProtocol: http }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: cart-1, namespace: shop, labels: { kubernetes.io/service-name: cart } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: [10.1.0.1] }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: cart, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: cart, port: 80 }]
  rules:
    - matches: [{ path: { type: RegularExpression, value: "/v[0-9]+/.*" } }]
      backendRefs: [{ name: cart, port: 80 }]
`;

it('lists the services whose routes the kernel cannot go by', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-doctor-'));
  try {
    writeFileSync(join(directory, 'shop.yaml'), SHOP);
    const config = loadAgentConfig({ file: '/dev/null', env: {}, flags: {} });
    const ordered = { ...config, engine: { ...config.engine, default: 'kernel-native' as const } };
    const mesh = { ...config.mesh, manifests: directory };
    const routes = async (of: typeof config) =>
      (await meshFindings({ ...of, mesh })).filter(({ check }) => check === 'routes');
    expect(await routes(config)).toMatchObject([
      { verdict: 'ok', found: expect.stringMatching(/cannot go by the routes of shop\/cart: .+/) },
    ]);
    expect(await routes(ordered)).toMatchObject([{ verdict: 'warning' }]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
