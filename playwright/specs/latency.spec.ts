// SPDX-License-Identifier: Apache-2.0
import { AxeBuilder } from '@axe-core/playwright';
import type { Latency } from '@undermesh/schema';
import { ConnectionsPage } from '../pages/connections-page.ts';
import { LatencyPage } from '../pages/latency-page.ts';
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, test } from '../stack/fixtures.ts';
import type { Mesh } from '../stack/mesh.ts';

const EDGE = { from: 'shop/front', to: 'shop/catalogue', window: 300 };
const QUERY = 'level=workload&source=shop/front&destination=shop/catalogue&window=300';
const VERDICT = /^(Faster|Slower|No difference|Not enough data)/;

const latencyOf = async (mesh: Mesh): Promise<Latency> =>
  (await mesh.road.api(`latency?${QUERY}`)) as Latency;

/** Requests of the edge are in the aggregates. */
const isTimed = (mesh: Mesh): Promise<void> =>
  expect
    .poll(async () => (await latencyOf(mesh)).distribution.quantiles.count, { timeout: 60_000 })
    .toBeGreaterThan(40);

test('heat map: drawn from what the collector answers, told by pointer, keyboard and table', async ({
  page,
  mesh,
}) => {
  await isTimed(mesh);
  const latency = new LatencyPage(page);
  await latency.open(EDGE);
  await latency.isDrawn();
  const before = (await latencyOf(mesh)).distribution.quantiles.count;
  await expect.poll(() => latency.timed()).toBeGreaterThanOrEqual(before);
  await expect(latency.footer).toContainText('not timed:');
  await expect(latency.main).toContainText('Half answered within');
  await expect(page.getByText('within ±')).toBeVisible();

  await latency.surface.focus();
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('status').filter({ hasText: /requests, .*of them|: 0 requests/ })).toHaveCount(
    1,
  );
  // Columns move on while the test runs: the last one holds what was just asked for.
  await expect(async () => {
    const { x, y, width, height } = (await latency.surface.boundingBox()) ?? {
      x: 0,
      y: 0,
      width: 0,
      height: 0,
    };
    await page.mouse.move(x + width - 8, y + height / 2);
    await page.mouse.move(x + width - 6, y + height / 2);
    await expect(latency.heat.locator('.tooltip')).toContainText('p99', { timeout: 2000 });
  }).toPass({ timeout: 20_000 });

  await latency.choose('Heat map or table', 'Table');
  await latency.inAddress('view', 'table');
  await expect(latency.rows.first()).toBeVisible();
  const { lines, heat } = await latencyOf(mesh);
  expect(lines.count).toHaveLength(heat.columns);

  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag22aa']).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
});

test('brush: a region by pointer or keyboard, its connections, their record', async ({ page, mesh }) => {
  await isTimed(mesh);
  const latency = new LatencyPage(page);
  await latency.open(EDGE);
  await latency.isDrawn();
  await latency.drag([0.02, 0.02], [0.98, 0.98]);
  await expect.poll(() => latency.parameter('brush')).toMatch(/^\d+-\d+,[\d.]+-[\d.]+$/);
  await expect(latency.brush).toBeVisible();
  await expect(latency.region.getByRole('heading', { level: 2 })).toHaveText(
    /^[\d,]+ requests in this region\.$/,
  );
  const slowest = latency.region.locator('tbody tr[data-key]').first();
  await expect(slowest).toContainText('front → catalogue');

  await page.reload();
  await latency.isDrawn();
  await expect(latency.region).toBeVisible();
  await latency.surface.focus();
  await page.keyboard.press('Escape');
  await expect(latency.region).toHaveCount(0);
  await latency.inAddress('brush', null);

  await page.keyboard.press('ArrowUp');
  for (let i = 0; i < 12; i += 1) await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('Enter');
  await expect(latency.region).toBeVisible();
  await page.goBack();
  await latency.inAddress('brush', null);
  await page.goForward();
  await latency.drag([0.02, 0.02], [0.98, 0.98]);
  await latency.region.locator('tbody tr[data-key] a').first().click();
  const connections = new ConnectionsPage(page);
  await expect(connections.record).toBeVisible();
});

test('compare: two windows with a verdict in words, moved by hand, by a link', async ({ page, mesh }) => {
  await isTimed(mesh);
  const latency = new LatencyPage(page);
  await latency.open(EDGE);
  await latency.isDrawn();
  await latency.compare(/placed by hand/);
  const verdict = latency.comparison.getByRole('heading', { level: 2 });
  await expect(verdict).toHaveText(VERDICT);
  await expect(latency.comparison.getByRole('rowheader', { name: 'p99' })).toBeVisible();
  const asked = latency.parameter('compare');
  const end = page.getByRole('slider', { name: 'A, before: end' });
  await end.focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => latency.parameter('compare')).not.toBe(asked);
  await expect(verdict).toHaveText(VERDICT);

  const link = page.url();
  await page.goto('/');
  await page.goto(link);
  await latency.isDrawn();
  await expect(verdict).toHaveText(VERDICT);
  await latency.comparison.getByRole('button', { name: 'End the comparison' }).click();
  await latency.inAddress('compare', null);
  await latency.compare('Now and one hour earlier');
  await expect(verdict).toHaveText(/^Not enough data: 0 requests before/);
});

test('deep links: measure, split and level; pickers narrow by what is called', async ({ page, mesh }) => {
  await isTimed(mesh);
  const latency = new LatencyPage(page);
  await latency.open({ ...EDGE, measure: 'connect' });
  await expect(page.getByRole('heading', { name: 'Connections by connect time' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'By node' })).toBeVisible();
  await latency.open({ ...EDGE, split: 'status' });
  await expect(page.getByRole('heading', { name: 'By status' })).toBeVisible();
  await latency.open({ window: 300, level: 'namespace' });
  await latency.isDrawn();

  await latency.open({ from: 'shop/front', window: 300 });
  await page.getByRole('button', { name: 'To any' }).click();
  await page.getByRole('combobox', { name: /search/ }).fill('catal');
  await page.keyboard.press('Enter');
  await expect.poll(() => latency.parameter('to')).toContain('catalogue');
  await latency.isDrawn();
});

test('topology: latency of an edge in its panel, and the way to the page', async ({ page, mesh }) => {
  await isTimed(mesh);
  const topology = new TopologyPage(page);
  await topology.open({ window: 300, view: 'table', find: 'p99 > 0.001 ms' });
  await topology.row('front', 'catalogue').first().click();
  await expect(topology.panelFigure('Requests')).toHaveText(/^[\d.,<]+\s*\/s$/);
  await expect(topology.panelFigure('p99')).toHaveText(/(µs|ms|s)$/);
  await topology.tab('Latency');
  await topology.inAddress('tab', 'latency');
  await expect(topology.panel.getByRole('rowheader', { name: 'Total' })).toBeVisible();
  await topology.tab('Changes');
  await expect(topology.panel).toContainText(/Changes that touch this edge|Nothing changed here/);
  await topology.panel.getByRole('link', { name: /^(Compare before and after|Latency)/ }).click();
  const latency = new LatencyPage(page);
  await latency.isDrawn();
  expect(latency.parameter('to')).toContain('catalogue');
});
