// SPDX-License-Identifier: Apache-2.0
// What the pages say when there is nothing, when something is missing and when nobody answers: a small mesh whose
// programs are stopped and started.

import { LatencyPage } from '../pages/latency-page.ts';
import { OverviewPage } from '../pages/overview-page.ts';
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, withStack } from '../stack/fixtures.ts';
import { within } from '../stack/patience.ts';
import { SmallMesh } from '../stack/small-mesh.ts';

const test = withStack(SmallMesh.open);
test.describe.configure({ mode: 'serial' });

test('empty: says what to run, and fills by itself as agents connect and record', async ({ page, mesh }) => {
  const overview = new OverviewPage(page);
  await overview.open();
  await expect(page.getByRole('heading', { name: 'No agent has connected yet' })).toBeVisible();
  await expect(overview.freshness).toContainText('Listening');
  await expect(overview.freshness).toContainText('0 nodes');
  await expect(page.locator('.command')).toContainText(`ws://${new URL(mesh.url).host}/ingest/v1`);
  await expect(page.locator('.steps')).toContainText('Waiting for the first agent');
  const topology = new TopologyPage(await page.context().newPage());
  await topology.page.goto('/topology/');
  await expect(topology.main).toContainText('No agent has connected yet');
  await topology.page.close();

  await page.bringToFront();
  await mesh.startAgents();
  await expect(page.locator('.steps')).toContainText('2 agents connected');
  await mesh.startLoad();
  await expect(overview.edges).not.toHaveCount(0);
  await expect(overview.freshness).toContainText('2/2 nodes');
});

test('partial: an agent that stops is named within 10 s, and sums are lower bounds until it is back', async ({
  page,
  mesh,
}) => {
  const overview = new OverviewPage(page);
  await overview.open({ window: 300 });
  await expect(overview.edges).not.toHaveCount(0);
  expect((await overview.ledger()).bounded).toBe(false);
  await mesh.road.stopAgent('right');
  await within(10, 'the banner names the node', async () => {
    await expect(overview.banners).toContainText(/right has not reported for \d/, { timeout: 100 });
  });
  await expect(overview.freshness).toContainText('1/2 nodes');
  await expect(overview.tile('Connections').locator('.lower-bound')).toBeVisible();
  await expect.poll(async () => (await overview.ledger()).bounded).toBe(true);
  await expect(overview.edges.first()).toContainText('≥');
  await overview.banners.getByRole('link', { name: 'Open right' }).click();
  await expect(overview.panel).toContainText(/has not reported|silent/);

  const topology = new TopologyPage(page);
  await topology.open();
  await expect(topology.banners).toContainText('right has not reported');
  await topology.vertex('server').focus();
  await page.keyboard.press('Enter');
  await expect(topology.panel).toContainText('a node is silent: lower bounds');

  await mesh.road.startAgent('right');
  await expect(topology.banners).toHaveCount(0);
  await expect(topology.panel).not.toContainText('a node is silent');
});

test('disconnected: the last picture stays, the page says so, and comes back by itself', async ({
  page,
  mesh,
  trouble,
}) => {
  trouble.expect(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_SOCKET_NOT_CONNECTED|WebSocket|ERR_EMPTY/);
  const topology = new TopologyPage(page);
  await topology.open({ window: 300 });
  await topology.isListed();
  const [edges, positions] = [await topology.edges.count(), await topology.positions()];
  await mesh.road.stopCollector();
  await within(10, 'the page says that it is reconnecting', async () => {
    await expect(topology.freshness).toContainText(/Reconnecting/, { timeout: 100 });
  });
  await expect(page.locator('.page-content')).toHaveClass(/is-stale/);
  expect(await topology.edges.count()).toBe(edges);
  expect(await topology.colours()).toBeGreaterThan(10);
  await mesh.startCollector();
  await topology.isLive(60_000);
  await expect(page.locator('.page-content')).not.toHaveClass(/is-stale/);
  await expect(topology.freshness).toContainText('2/2 nodes', { timeout: 60_000 });
  const texts = await topology.edges.allTextContents();
  await expect.poll(async () => String(await topology.edges.allTextContents()) !== String(texts)).toBe(true);
  expect(await topology.positions()).toMatchObject(positions);
});

test('latency: the heat map stays while the collector is away, and goes on where it was', async ({
  page,
  mesh,
  trouble,
}) => {
  trouble.expect(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_SOCKET_NOT_CONNECTED|WebSocket|ERR_EMPTY/);
  const latency = new LatencyPage(page);
  await latency.open({ measure: 'connect', window: 300, view: 'table' });
  await expect.poll(() => latency.rows.count()).toBeGreaterThan(1);
  const oldest = await latency.rows.last().textContent();
  await page.waitForLoadState('networkidle'); // what the page fetches ahead is there
  await mesh.road.stopCollector();
  await expect(latency.freshness).toContainText(/Reconnecting/);
  await expect(latency.rows.last()).toHaveText(oldest ?? '');
  await mesh.startCollector();
  await latency.isLive(60_000);
  await expect(page.locator('.page-content')).not.toHaveClass(/is-stale/);
  const newest = await latency.rows.first().getAttribute('data-key');
  await expect
    .poll(async () => Number(await latency.rows.first().getAttribute('data-key')), { timeout: 60_000 })
    .toBeGreaterThan(Number(newest));
});

test('error: what cannot be answered is said, with the collector’s own words', async ({ page, trouble }) => {
  trouble.expect(/answer: 4\d\d/, /status of 4\d\d/);
  await page.goto('/connections/?port=99999x');
  await expect(page.locator('.note.crit')).toBeVisible();
  await expect(page.locator('.note.crit').getByRole('button', { name: 'Try again' })).toBeVisible();
  await page.goto('/connections/?connection=0-0-0-0');
  await expect(page.getByRole('complementary')).toContainText('This record cannot be shown');
});
