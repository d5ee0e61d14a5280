// SPDX-License-Identifier: Apache-2.0
// The demo's nodes with the bookshop on them, without agents.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cgroupProcesses } from '../testbed/cgroups.mjs';
import { enter } from '../testbed/namespaces.mjs';

const name = `undermesh-test-demo-${process.pid}`;
const state = mkdtempSync(join(tmpdir(), 'undermesh-demo-'));
let run;
let testbed;
let nodes;

beforeAll(async () => {
  vi.stubEnv('UNDERMESH_STATE', state); // read when the launcher's modules are loaded
  const { createNodes, openBookshop } = await import('../demo.mjs');
  const { Processes } = await import('../processes.mjs');
  const { Run } = await import('../run.mjs');
  run = new Run();
  const processes = new Processes(run);
  ({ testbed, nodes } = await createNodes(run, { name }));
  await openBookshop(processes, { testbed, rate: 60 });
  processes.stop();
}, 300_000);

afterAll(async () => {
  await run.undo();
  rmSync(state, { recursive: true });
}, 300_000);

const countsOf = (id) => JSON.parse(readFileSync(join(state, 'demo/counts', `${id}.json`), 'utf8'));

describe('the demo', () => {
  it('gives each workload a cgroup that names it', () => {
    expect(nodes.map(({ cgroup }) => cgroup)).toEqual([1, 2, 3].map((n) => `/${name}/shop-${n}`));
    expect(readdirSync(join(testbed.root, 'shop-2/shop')).filter((entry) => !entry.includes('.'))).toEqual([
      'catalogue',
      'ratings',
      'reviews@v2',
    ]);
    expect(cgroupProcesses(join(testbed.root, 'shop-2/shop/reviews@v2'))).toHaveLength(1);
    expect(cgroupProcesses(join(testbed.root, 'outside'))).toHaveLength(2);
  });

  it('shops, over both families and from every workload’s own address', async () => {
    await vi.waitFor(() => {
      expect(countsOf('shoppers').calls.ingress.results['200']).toBeGreaterThan(100);
      const sockets = enter(`${name}-shop-2`, ['cat', '/proc/self/net/tcp6', '/proc/self/net/tcp']);
      expect(sockets).toMatch(/ 000099FD0000000000000000/); // fd99::, as the kernel writes it
      expect(countsOf('catalogue').calls['catalogue-db'].established).toBeGreaterThan(0);
    }, 60_000);
  }, 300_000);

  it('holds no connection to anything outside of it', () => {
    for (const node of ['shop-1', 'shop-2', 'shop-3', 'outside']) {
      const links = JSON.parse(enter(`${name}-${node}`, ['ip', '-json', 'link']));
      expect(links.map(({ ifname }) => ifname)).toEqual(['lo', 'eth0']);
      const routes = JSON.parse(enter(`${name}-${node}`, ['ip', '-json', 'route']));
      expect(routes.find(({ dst }) => dst === 'default').type).toBe('unreachable');
    }
  });
});
