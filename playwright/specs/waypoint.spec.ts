// SPDX-License-Identifier: Apache-2.0
// Requests through the bookshop's waypoint, a real HAProxy: one edge from client to server, and its path.
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, test } from '../stack/fixtures.ts';

const NODE = 'shop-1';
const REQUESTS = 24;
const VISITOR = 'workload:default/shop/reader';

test('requests through a waypoint are one edge, counted once, with a stop on its path', async ({
  page,
  mesh,
}) => {
  await mesh.order(NODE, 'dual-engine');
  try {
    const headers = ['x-edition: preview'];
    const statuses = await mesh.request(`${NODE}/shop/reader`, 'reviews', { count: REQUESTS, headers });
    expect(statuses, 'statuses').toEqual(Array(REQUESTS).fill('200'));
    const query = { level: 'workload', window: 300, source: VISITOR };
    await expect
      .poll(
        async () => {
          const { items, total } = await mesh.api('edges', query);
          const joined = items.filter(({ via }) => via !== null);
          return [joined.map((one) => one.traffic.requests?.total), total.requests?.total];
        },
        { timeout: 45_000, message: 'requests of joined edges, and in all' },
      )
      .toEqual([[REQUESTS], REQUESTS]);

    const topology = new TopologyPage(page);
    await topology.open({ window: 300, namespace: 'shop' });
    const edge = topology.edge('reader', 'reviews');
    await expect(edge).toHaveCount(1);
    await expect(edge).toContainText('through waypoint');
    await expect(topology.edge('reader', 'waypoint')).toHaveCount(0);
    await expect(page.getByTestId('topology-statement')).toContainText('through a waypoint');
    await expect(page.getByTestId('topology-legend')).toContainText('waypoint');

    await edge.focus();
    await page.keyboard.press('Enter');
    await expect(topology.panel.getByRole('heading', { level: 2 })).toContainText('reader');
    await expect(topology.panel).toContainText('Where the time goes');
    await expect(topology.panel).toContainText(/waypoint takes [\d.]+\s%/);
    await topology.tab('Path');
    const stops = topology.panel.locator('[data-stop]');
    await expect
      .poll(() => stops.evaluateAll((all) => all.map((stop) => (stop as HTMLElement).dataset.stop)))
      .toEqual(['source', 'connect', 'peer', 'tcp', 'waypoint', 'onward', 'destination']);
    await expect(stops.nth(0)).toContainText(/connects to 10\.98\.0\.\d+:80, reviews/);
    await expect(stops.nth(4)).toContainText('waypoint');
    await expect(stops.nth(4)).toContainText('shop-2');

    await page.getByRole('button', { name: 'Show its legs' }).click();
    await topology.inAddress('legs', 'true');
    await expect(topology.edge('reader', 'waypoint')).toBeAttached();
    await expect(edge).toHaveCount(0);
  } finally {
    await mesh.order(NODE, 'off');
  }
});
