// SPDX-License-Identifier: Apache-2.0
// Every page as it is, and as a link into it: nothing on the console, nothing refused, nothing missing, nothing for axe.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { AppPage } from '../pages/app-page.ts';
import { ConnectionsPage } from '../pages/connections-page.ts';
import { EnginesPage } from '../pages/engines-page.ts';
import { LatencyPage } from '../pages/latency-page.ts';
import { NodesPage } from '../pages/nodes-page.ts';
import { OverviewPage } from '../pages/overview-page.ts';
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, test } from '../stack/fixtures.ts';
import type { Mesh } from '../stack/mesh.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Opens each view and waits until it shows what it is for. */
const VIEWS: Record<string, (page: Page, mesh: Mesh) => Promise<void>> = {
  overview: async (page) => {
    const overview = new OverviewPage(page);
    await overview.open({ window: 300 });
    await expect(overview.edges).not.toHaveCount(0);
  },
  topology: async (page) => new TopologyPage(page).open({ window: 300 }),
  'topology, its table': async (page) => {
    const topology = new TopologyPage(page);
    await topology.open({ view: 'table' });
    await expect(topology.rows).not.toHaveCount(0);
  },
  'topology, an edge': async (page) => {
    const topology = new TopologyPage(page);
    await topology.open({ sel: 'edge:workload:default/shop/front>workload:default/checkout/orders' });
    await expect(topology.panelFigure('Opened')).toBeVisible();
  },
  'topology, a vertex': async (page) => {
    const topology = new TopologyPage(page);
    await topology.open({ sel: 'vertex:workload:default/shop/front' });
    await expect(topology.panel).toContainText('Called by');
  },
  latency: async (page) => {
    const latency = new LatencyPage(page);
    await latency.open({ window: 300 });
    await latency.isDrawn();
  },
  'latency, compared and split': async (page) => {
    const latency = new LatencyPage(page);
    await latency.open({ window: 300, compare: 'earlier:3600', split: 'status' });
    await expect(latency.comparison).toBeVisible();
  },
  'latency, its table': async (page) => {
    const latency = new LatencyPage(page);
    await latency.open({ window: 300, view: 'table' });
    await expect(latency.rows).not.toHaveCount(0);
  },
  'topology, latency of an edge': async (page) => {
    const topology = new TopologyPage(page);
    await topology.open({
      sel: 'edge:workload:default/shop/front>workload:default/checkout/orders',
      tab: 'latency',
    });
    await expect(topology.panel).toContainText('Smoothed round trip');
  },
  connections: async (page) => {
    const connections = new ConnectionsPage(page);
    await connections.open({ window: 300 });
    await expect(connections.rows).not.toHaveCount(0);
  },
  'connections, a record': async (page, mesh) => {
    const connections = new ConnectionsPage(page);
    const id = await mesh.endedConnection('front', 'orders');
    await connections.open({ state: 'ended', source: 'front', off: 'node:shop-1', connection: id });
    await expect(connections.record).toBeVisible();
  },
  nodes: async (page) => {
    const nodes = new NodesPage(page);
    await nodes.open();
    await expect(nodes.rows).toHaveCount(3);
  },
  'nodes, one with its hooks': async (page) => {
    const nodes = new NodesPage(page);
    await nodes.open({ node: 'shop-1', tab: 'hooks' });
    await expect(nodes.hooks).not.toHaveCount(0);
  },
  engines: async (page) => {
    const engines = new EnginesPage(page);
    await engines.open();
    await expect(engines.rows).toHaveCount(3);
    await expect(engines.detail).toBeVisible();
  },
  'topology, the path of an edge': async (page) => {
    const topology = new TopologyPage(page);
    await topology.open({
      sel: 'edge:workload:default/shop/front>workload:default/checkout/orders',
      tab: 'path',
    });
    await expect(topology.panel.getByTestId('path')).toContainText('TCP and IP');
  },
  settings: async (page) => {
    await new AppPage(page, '/settings/').open();
    await expect(page.getByRole('heading', { name: 'Store' })).toBeVisible();
  },
};

for (const [name, open] of Object.entries(VIEWS)) {
  test(`${name}: clean and accessible, dark and light`, async ({ page, mesh }) => {
    await open(page, mesh);
    for (const theme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: theme });
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
      const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      expect(found, theme).toEqual([]);
    }
  });
}

test('the layout runs in a worker', async ({ page }) => {
  const worker = page.waitForEvent('worker');
  await new TopologyPage(page).open();
  expect((await worker).url()).toContain('/_next/static/');
  await expect(page.locator('.map-stage')).toHaveAttribute('data-layout-ms', /\d+/);
});

test('a theme that was chosen stays, through every page', async ({ page }) => {
  const app = new AppPage(page, '/settings/');
  await app.open();
  await app.choose('Theme', 'Light');
  for (const name of [
    'Overview',
    'Topology',
    'Latency',
    'Connections',
    'Nodes',
    'Engines',
    'Settings',
  ] as const) {
    await app.goTo(name);
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  }
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});

test('with the keyboard alone: from the overview to the panel of an edge, and back', async ({ page }) => {
  const overview = new OverviewPage(page);
  await overview.open({ window: 300 });
  await expect(overview.edges).not.toHaveCount(0);
  const focused = () => page.evaluate(() => document.activeElement?.closest('tr')?.dataset.key ?? '');
  await expect
    .poll(
      async () => {
        await page.keyboard.press('Tab');
        return focused();
      },
      { intervals: [30] },
    )
    .toContain('workload:');
  const first = await focused();
  await page.keyboard.press('ArrowDown');
  await expect.poll(focused).not.toBe(first);
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/topology\/.*sel=edge/);
  const topology = new TopologyPage(page);
  await expect(topology.panel).toBeVisible();
  await expect(topology.panelFigure('Opened')).toBeVisible();
  await topology.closePanel();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog', { name: 'Search' })).toBeVisible();
  await page.keyboard.type('payments');
  await expect(page.getByRole('option', { name: 'payments' })).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(topology.panel.getByRole('heading', { level: 2 })).toHaveText('payments');
});

test('a page that is not there says so', async ({ page, trouble }) => {
  trouble.expect(/404/);
  await page.goto('/nowhere/');
  await expect(page.getByRole('heading', { name: 'There is no page here' })).toBeVisible();
});
