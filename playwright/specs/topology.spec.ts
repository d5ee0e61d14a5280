// SPDX-License-Identifier: Apache-2.0
import type { Topology } from '@undermesh/schema';
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, test } from '../stack/fixtures.ts';

const KNOCKS = 30;

/** Waypoints are marks on edges, unless something ends at them. */
function drawn({ vertices, edges }: Topology): Pick<Topology, 'vertices' | 'edges'> {
  const ends = new Set(edges.flatMap(({ source, destination }) => [source, destination]));
  const waypoints = new Set(edges.map(({ via }) => via?.id));
  return { vertices: vertices.filter(({ id }) => ends.has(id) || !waypoints.has(id)), edges };
}

test('the map is drawn, and its list names what the API names', async ({ page, mesh }) => {
  const topology = new TopologyPage(page);
  await topology.open();
  await expect(topology.vertex('front')).toBeAttached();
  await expect(topology.edge('orders', 'payments')).toBeAttached();
  await expect
    .poll(async () => {
      const { vertices, edges } = drawn(await mesh.api('topology', { level: 'workload', window: 1800 }));
      const ids = (items: { id: string }[]) => items.map(({ id }) => id).sort();
      const listed = async (items: typeof topology.vertices) =>
        (await items.evaluateAll((all) => all.map(({ dataset }) => dataset.id ?? ''))).sort();
      const [ofVertices, ofEdges] = [await listed(topology.vertices), await listed(topology.edges)];
      return String(ofVertices) === String(ids(vertices)) && String(ofEdges) === String(ids(edges));
    })
    .toBe(true);
});

test('levels, and the same link to each of them', async ({ page, mesh }) => {
  const topology = new TopologyPage(page);
  await topology.open();
  for (const [level, name] of [
    ['Namespace', 'checkout'],
    ['Service', 'reviews'],
    ['Node', 'shop-3'],
  ] as const) {
    await topology.choose('Level', level);
    await topology.inAddress('level', level.toLowerCase());
    await expect(topology.vertex(name)).toBeAttached();
    await topology.isDrawn();
  }
  const { vertices } = await mesh.api('topology', { level: 'node', window: 1800 });
  await topology.isListed(vertices.length);
  await topology.choose('Level', 'Workload');
  await topology.inAddress('level', null);
  await expect(topology.vertex('front')).toBeAttached();
  await page.goBack();
  await topology.inAddress('level', 'node');
  await expect(topology.vertex('shop-3')).toBeAttached();
});

test('find marks and counts, hide leaves out, both are in the address', async ({ page }) => {
  const topology = new TopologyPage(page);
  await topology.open();
  await topology.isListed();
  const plain = await topology.picture();
  await page.keyboard.press('/');
  await expect(topology.find).toBeFocused();
  await page.keyboard.type('orders');
  await expect(page.getByRole('status').filter({ hasText: /^2\s/ })).toBeVisible(); // orders and orders-db
  await topology.inAddress('find', 'orders');
  await expect.poll(() => topology.picture()).not.toBe(plain);
  const all = await topology.vertices.count();
  await page.keyboard.press('Shift+Enter');
  await topology.inAddress('hide', 'orders');
  await expect(topology.vertex('orders')).toHaveCount(0);
  await expect.poll(() => topology.vertices.count()).toBeLessThan(all);
  await page.getByRole('button', { name: 'Remove hide orders' }).click();
  await expect(topology.vertex('orders')).toBeAttached();
});

test('the list opens the panel, the link brings it back', async ({ page, context, mesh }) => {
  const topology = new TopologyPage(page);
  await topology.open({ namespace: 'shop,checkout', window: 900 });
  await topology.isListed();
  await topology.edge('front', 'orders').focus();
  await page.keyboard.press('Enter');
  await expect(topology.panel.getByRole('heading', { level: 2 })).toHaveText('front to orders');
  await expect(topology.panelFigure('Opened')).toContainText(/[\d.]+\s*\/s/);
  await topology.tab('Connections');
  await expect(topology.panel.getByRole('table').locator('tbody tr[data-key]')).not.toHaveCount(0);
  await topology.inAddress('tab', 'connections');
  const positions = await topology.positions();

  const other = new TopologyPage(await context.newPage());
  await other.page.goto(page.url());
  await other.isDrawn();
  await expect(other.panel.getByRole('heading', { level: 2 })).toHaveText('front to orders');
  await expect(other.panel.getByRole('tab', { name: 'Connections' })).toHaveAttribute(
    'aria-selected',
    'true',
  );
  await expect(other.vertex('front')).toBeAttached();
  expect(Object.keys(await other.positions())).toEqual(expect.arrayContaining(Object.keys(positions)));
  await other.page.close();

  await page.bringToFront();
  await topology.closePanel();
  await topology.inAddress('sel', null);
  expect(mesh.url).toBe(new URL(page.url()).origin);
});

test('positions stay put while figures change and when the page is loaded again', async ({ page, mesh }) => {
  const topology = new TopologyPage(page);
  await topology.open();
  await expect(topology.vertex('front')).toBeAttached();
  await expect(async () => {
    const { edges } = await mesh.api('topology', { window: 1800 });
    // A waypoint whose edges are drawn as one has no card.
    const linked = new Set(edges.flatMap(({ source, destination }) => [source, destination]));
    expect(linked.size).toBeGreaterThan(10);
    await topology.isListed(linked.size, 2000);
  }).toPass({ timeout: 30_000 }); // both count on while they are compared
  const before = await topology.positions();
  const texts = () => topology.edges.allTextContents();
  const figures = await texts();
  await expect
    .poll(async () => String(await texts()) !== String(figures), { message: 'new figures' })
    .toBe(true);
  expect(await topology.positions()).toMatchObject(before);
  await page.reload();
  await topology.isDrawn();
  await expect
    .poll(async () => Object.keys(await topology.positions()))
    .toEqual(expect.arrayContaining(Object.keys(before)));
  expect(await topology.positions()).toMatchObject(before);
});

test('the table shows what the map shows, with the figures of the API', async ({ page, mesh }) => {
  const topology = new TopologyPage(page);
  await mesh.load('shop-3/trials/caller', {
    address: mesh.addressOf('catalogue'),
    port: 10,
    connections: KNOCKS,
  });
  await topology.open({ view: 'table', window: 300 });
  const row = topology.row('caller', '10.99').or(topology.row('caller', 'catalogue'));
  await expect(row).toHaveCount(1);
  const key = await row.getAttribute('data-key');
  await expect
    .poll(async () => {
      const { edges } = await mesh.api('topology', { window: 300 });
      const ids = edges.map(({ id }) => id).sort();
      const rows = await topology.rows.evaluateAll((all) => all.map(({ dataset }) => dataset.key ?? ''));
      return String(rows.sort()) === String(ids);
    })
    .toBe(true);
  const { edges } = await mesh.api('topology', { window: 300 });
  const edge = edges.find(({ id }) => id === key);
  expect(edge?.traffic.failed).toMatchObject({ total: KNOCKS, reasons: { refused: KNOCKS } });
  await expect
    .poll(async () => {
      const cells = await topology.cells(row);
      const [, port, rate, failed] = cells;
      return { port, rate, failed, state: cells.at(-1) };
    })
    .toEqual({ port: '10', rate: '0.10', failed: '100 %', state: expect.stringContaining('refused') });
  await page.keyboard.press('t');
  await topology.isDrawn();
  await topology.inAddress('view', null);
});

test('keys: walk, select, zoom, fit, arrange, only what needs a look, help', async ({ page }) => {
  const topology = new TopologyPage(page);
  await topology.open();
  await topology.isListed();
  const onScreen = () => topology.vertex('front').getAttribute('data-x');
  await topology.canvas.focus();
  // The mesh is young: a workload that is seen for the first time in between moves the others. Then once more.
  await expect(async () => {
    await page.keyboard.press('f');
    const [fitted, drawn] = [await onScreen(), await topology.picture()];
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    await expect.poll(onScreen).not.toBe(fitted);
    await expect.poll(() => topology.picture()).not.toBe(drawn);
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('f');
    await expect.poll(onScreen, { timeout: 5_000 }).toBe(fitted);
  }).toPass();

  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(topology.panel).toBeVisible();
  await expect.poll(() => topology.parameter('sel')).toMatch(/^(vertex|edge):/);
  await topology.closePanel();

  await page.keyboard.press('e');
  await expect(page.getByRole('button', { name: 'Remove hide health:ok' })).toBeVisible();
  await topology.inAddress('hide', 'health:ok');
  await page.keyboard.press('e');
  await topology.inAddress('hide', null);
  await topology.isDrawn();
  await page.keyboard.press('a');
  await topology.isDrawn();

  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keys and words of the topology' });
  await expect(help).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(help).toBeHidden();
});

test('a card and an edge can be clicked on the canvas', async ({ page }) => {
  const topology = new TopologyPage(page);
  await topology.open();
  await topology.isListed();
  await topology.clickOn(topology.vertex('payments'), 'payments');
  await topology.closePanel();
  await topology.clickOn(topology.edge('ingress', 'front'), 'ingress to front');
});
