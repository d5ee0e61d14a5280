// SPDX-License-Identifier: Apache-2.0
import { OverviewPage } from '../pages/overview-page.ts';
import { expect, test } from '../stack/fixtures.ts';

const HEALTHS = ['failing', 'warning', 'unknown', 'ok'];

test('five figures, each with what qualifies it', async ({ page }) => {
  const overview = new OverviewPage(page);
  await overview.open({ window: 300 });
  const names = overview.tiles.getByRole('heading');
  await expect(names).toHaveText(['Requests', 'Failed', 'p99', 'Open connections', 'Data']);
  await expect(overview.figure('Requests')).toHaveText(/^[\d.,]+\s*\/s$/);
  await expect(overview.figure('p99')).toHaveText(/^[\d.]+\s*(µs|ms|s)$/);
  await expect(overview.figure('Open connections')).toHaveText(/^[\d,]+$/);
  await expect(overview.figure('Data')).toHaveText(/^[\d.]+\s*(B|kB|MB)\/s$/);
  await expect(overview.tile('Requests').locator('.tile-note')).toHaveText(/errors$/);
  await expect(
    overview.page.getByRole('heading', { level: 2, name: 'Connections and failures' }),
  ).toBeVisible();
  await expect(overview.nodes.getByRole('row')).toHaveCount(4); // its head and three nodes
});

test('edges worst first, failures with their reason', async ({ page, mesh }) => {
  const overview = new OverviewPage(page);
  const refused = await mesh.load('shop-1/trials/knocker', {
    address: mesh.addressOf('catalogue'),
    port: 9,
    connections: 40,
  });
  expect(refused.failed).toEqual({ ECONNREFUSED: 40 });
  await overview.open({ window: 300 });
  await expect(overview.failures.filter({ hasText: 'knocker' })).toContainText('refused');
  await expect(overview.failures.filter({ hasText: 'knocker' })).toContainText('40');

  await expect
    .poll(async () => {
      const { items } = await mesh.api('edges', { window: 300, level: 'workload', order: 'worst' });
      const ranks = items.map(({ health }) => HEALTHS.indexOf(health));
      expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
      return items[0]?.health;
    })
    .toBe('failing');
  await expect
    .poll(async () => {
      const kinds = await overview.edges
        .locator('.edge-state .status')
        .evaluateAll((marks) => marks.map(({ classList }) => classList.item(1) ?? ''));
      const order = kinds.map((kind) => ['crit', 'warn', 'unk', 'quiet'].indexOf(kind));
      return order.length > 5 && order[0] === 0 && order.every((rank, i) => i === 0 || rank >= order[i - 1]!);
    })
    .toBe(true);

  await overview.failures.filter({ hasText: 'knocker' }).getByRole('link').click();
  await expect(page).toHaveURL(/\/connections\/.*state=failed/);
  await expect(page.getByRole('main')).toContainText('refused');
});

test('the ledger adds up and grows, and the page says how fresh it is', async ({ page }) => {
  const overview = new OverviewPage(page);
  await overview.open();
  await expect
    .poll(async () => {
      const { made, stored, lost, waiting } = await overview.ledger();
      return made - stored - lost - waiting;
    })
    .toBe(0);
  const before = await overview.ledger();
  expect(before).toMatchObject({ lost: 0, bounded: false });
  await expect.poll(async () => (await overview.ledger()).made).toBeGreaterThan(before.made);
  await expect(overview.freshness).toContainText('3/3 nodes');
  await expect(overview.freshness).toContainText('0 lost');
  await expect(overview.freshness).toContainText(/[\d.]+k? conn\/s/);
  const pulse = () => overview.freshness.locator('svg').first().innerHTML();
  const drawn = await pulse();
  await expect.poll(pulse, { message: 'a bar for the next update' }).not.toBe(drawn);
});
