// SPDX-License-Identifier: Apache-2.0
// Kernel-native in the dashboard: nodes without a kernel tell of it over the real protocol.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { ConnectionsPage } from '../pages/connections-page.ts';
import { EnginesPage } from '../pages/engines-page.ts';
import { RoutesPage } from '../pages/routes-page.ts';
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, withStack } from '../stack/fixtures.ts';
import { NativeMesh } from '../stack/native-mesh.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const test = withStack(NativeMesh.open);
const isAccessible = async (page: Page): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
};
const CANARY = 'GET /api/*, header x-canary = yes';

test('routes with hits and shares, a thousand of them, by keyboard and by link', async ({ page }) => {
  const routes = new RoutesPage(page);
  await routes.open();
  await routes.goTo('Routes');
  await expect(routes.rows.first()).toContainText(CANARY);
  await expect(routes.rows.first()).toContainText(/of 90\s%/);
  await expect(routes.footer).toContainText(/1,00\d routes/);
  expect(await routes.rows.count(), 'drawn of a thousand').toBeLessThan(80);

  await page.keyboard.press('/');
  await page.keyboard.type('orders admin');
  await routes.inAddress('find', 'orders admin');
  await expect(routes.rows).toHaveCount(1);
  await expect(routes.rows).toContainText('none: refused');
  await routes.rows.first().press('Enter');
  await routes.inAddress('route', '88113');
  await expect(routes.panel).toContainText('the kernel refuses such requests');

  await routes.open({ route: 771204113 });
  await expect(routes.panel).toContainText(CANARY);
  await expect(routes.panel).toContainText('weight 90');
  await expect(routes.panel.getByText(/of 10\s%/)).toBeVisible();
  await isAccessible(page);
  await routes.closePanel();
  await routes.inAddress('route', null);

  await routes.open({ find: 'route 4242' });
  await expect(routes.rows, 'a number that nobody names').toHaveCount(1);
});

test('modules, fallbacks by reason, and services that kernels cannot choose for', async ({ page, mesh }) => {
  const routes = new RoutesPage(page);
  await routes.open();
  await expect(routes.banners).toContainText('The kernel cannot choose for shop/search');
  await page.getByRole('button', { name: 'Show why' }).click();
  await routes.inAddress('view', 'nodes');
  await expect(routes.unexpressed).toContainText('its timeout of 2s needs a waypoint');
  await expect(routes.node('shop-1')).toContainText('module 0.1.0 is loaded');
  await expect(routes.node('shop-1')).toContainText('Not HTTP/1');
  await expect(routes.node('shop-1')).toContainText('Refused heads: bare break');
  await expect(routes.node('shop-3')).toContainText('install undermesh-dkms');

  // the same before a node is switched
  const engines = new EnginesPage(page);
  await engines.signIn(mesh.token);
  await engines.open({ node: 'shop-1' });
  await expect(engines.detail).toContainText('cannot choose for shop/search');
  await engines.press('shop-2', 'kernel-native');
  await expect(engines.dialog).toContainText(/cannot choose for 1\sservice/);
  await expect(engines.dialog).toContainText('its timeout of 2s needs a waypoint');
});

test('an edge and a connection say why a request took its backend', async ({ page }) => {
  const topology = new TopologyPage(page);
  const sel = 'edge:workload:default/shop/front>workload:default/shop/catalogue';
  await topology.open({ window: 300, tab: 'path', sel });
  const taken = topology.panel.getByRole('list', { name: 'Routes taken' });
  await expect(taken).toContainText('shop/canary, rule 1, then by weight: catalogue 90, catalogue-v2 10');
  await expect(taken).toContainText('route 4242');

  const connections = new ConnectionsPage(page);
  await connections.open({ state: 'ended', window: 300 });
  await connections.rows.first().click();
  const requests = connections.panel.getByRole('table', { name: 'Requests' });
  await expect(requests).toContainText(CANARY);
  await expect(requests).toContainText('shop/catalogue:8080, weight 90');
  await expect(requests).toContainText('503');
  await expect(requests).toContainText('by no route');
});
