// SPDX-License-Identifier: Apache-2.0
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { NativeMetrics } from '../../src/http/native-metrics.js';

const route = (name: string, requests: number) => ({ route: name, requests, rejected: 1, limited: 2 });

it('tells what the module counts, and the busiest routes by name', async () => {
  const registry = new Registry();
  const metrics = new NativeMetrics(registry);
  const counters = new Map([
    ['deferred', 12],
    ['deferrals', 3],
  ]);
  const routes = Array.from({ length: 250 }, (_, at) => route(`shop/r${at}`, 10 + at));
  const module = { loaded: true, version: '0.1.0', problem: null };
  metrics.update({ module, counters, routes });
  metrics.update({ module, counters, routes });
  const text = await registry.metrics();
  expect(text).toContain('undermesh_agent_native_module 1\n');
  expect(text).toContain('undermesh_agent_native_module_events_total{event="deferred"} 12\n');
  expect(text).toContain('undermesh_agent_native_module_state{of="deferrals"} 3\n');
  expect(text).toContain('undermesh_agent_route_requests_total{route="shop/r249",outcome="sent"} 256\n');
  expect(text).toContain('undermesh_agent_route_requests_total{route="other",outcome="limited"} 100\n');
  expect(text).not.toContain('shop/r49"');
  expect(text.match(/outcome="rejected"/g)).toHaveLength(201);
});
