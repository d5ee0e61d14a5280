// SPDX-License-Identifier: Apache-2.0
// Requests through the bookshop's waypoint, a real HAProxy: one edge from client to server, and its path.
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, test } from '../stack/fixtures.ts';

const NODE = 'shop-1';
const FRONT = 'workload:default/shop/front';

test('requests through a waypoint are one edge, with a stop on its path', async ({ page, mesh }) => {
  await mesh.order(NODE, 'dual-engine');
  try {
    // the front renews its connections after half a minute
    await expect
      .poll(
        async () => {
          const query = { level: 'workload', window: 300, source: FRONT };
          const { items } = await mesh.api('edges', query);
          return [items.some(({ via }) => via !== null), items.some(({ leg }) => leg !== null)];
        },
        { timeout: 60_000, message: 'a joined edge, and a leg beside it' },
      )
      .toEqual([true, false]);

    const topology = new TopologyPage(page);
    await topology.open({ window: 300, namespace: 'shop' });
    const edge = topology.edge('front', 'reviews').filter({ hasText: 'through waypoint' }).first();
    await expect(edge).toBeAttached();
    await expect(page.getByTestId('topology-statement')).toContainText('through a waypoint');
    await expect(page.getByTestId('topology-legend')).toContainText('waypoint');

    await edge.focus();
    await page.keyboard.press('Enter');
    await expect(topology.panel).toContainText('Where the time goes');
    await expect(topology.panel).toContainText(/waypoint takes [\d.]+\s%/);
    await topology.tab('Path');
    const stops = topology.panel.locator('[data-stop]');
    await expect
      .poll(() => stops.evaluateAll((all) => all.map((stop) => (stop as HTMLElement).dataset.stop)))
      .toEqual(['source', 'connect', 'peer', 'tcp', 'waypoint', 'onward', 'destination']);
    await expect(stops.nth(0)).toContainText(/connects to 10\.98\.0\.\d+:80, reviews/);
    await expect(stops.nth(4)).toContainText('shop-2');

    await page.getByRole('button', { name: 'Show its legs' }).click();
    await topology.inAddress('legs', 'true');
    await expect(topology.edge('front', 'waypoint')).toBeAttached();
    await expect(edge).toHaveCount(0);
  } finally {
    await mesh.order(NODE, 'off');
  }
});
