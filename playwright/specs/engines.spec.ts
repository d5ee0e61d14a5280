// SPDX-License-Identifier: Apache-2.0
// A node's engine is switched in the dashboard while the bookshop's traffic runs, on a real agent and its kernel.
import { EnginesPage } from '../pages/engines-page.ts';
import { LatencyPage } from '../pages/latency-page.ts';
import { OverviewPage } from '../pages/overview-page.ts';
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, test } from '../stack/fixtures.ts';

const NODE = 'shop-1';
const HELD = 12;

test('a switch under traffic: observed, drain, marker, comparison and log', async ({ page, mesh }) => {
  const engines = new EnginesPage(page);
  await engines.open({ window: 300 });
  await engines.signIn(mesh.token);
  await page.reload();
  await expect(engines.row(NODE)).toContainText('in force');
  await expect(engines.slot(NODE, 'off')).toHaveAccessibleName(/observed/);

  await engines.order(NODE, 'dual-engine', 'e2e: steer');
  await expect(engines.slot(NODE, 'dual-engine')).toHaveAccessibleName(
    `${NODE}: dual-engine, desired, observed`,
  );
  await expect(engines.row(NODE)).toContainText('in force');
  await expect(engines.detail).toContainText(/\d+ of \d+\slinks attached/);
  const entry = engines.log.first();
  await expect(entry).toContainText('e2e: steer');
  const number = await entry.getAttribute('data-change');

  // connections that were steered stay with their engine when it is rolled back
  const held = await mesh.hold(`${NODE}/shop/visitor`, 'catalogue', HELD);
  try {
    await expect.poll(async () => (await mesh.engine(NODE)).connections ?? 0).toBeGreaterThanOrEqual(HELD);

    const topology = new TopologyPage(page);
    await topology.open({
      window: 300,
      sel: 'edge:workload:default/shop/front>workload:default/checkout/orders',
      tab: 'path',
    });
    const path = topology.panel.getByTestId('path');
    await expect(path).toContainText('steer_connect4', { timeout: 30_000 });
    await expect(path).toContainText(/10\.98\.\d+\.\d+:\d+ becomes 10\.99\./);

    await new OverviewPage(page).open({ window: 300 });
    const flag = page.getByRole('link', { name: `#${number}`, exact: true });
    await expect(flag).toBeVisible();
    await flag.click();
    const latency = new LatencyPage(page);
    await expect(page).toHaveURL(new RegExp(`compare=change:${number}`));
    await expect(latency.comparison).toContainText('off → dual-engine', { timeout: 45_000 });

    await engines.open({ window: 300, node: NODE });
    await expect(engines.comparison).toContainText(`Before and after #${number}`);
    await expect(engines.comparison.getByRole('row', { name: /^p99/ })).toBeVisible();

    await engines.detail.getByRole('button', { name: 'Roll back to off' }).click();
    await engines.dialog.getByLabel('Reason').fill('e2e: and back');
    await engines.dialog.getByRole('button', { name: 'Switch to off' }).click();
    await expect(engines.slot(NODE, 'off')).toHaveAccessibleName(`${NODE}: off, desired, observed`);
    await expect(engines.detail).toContainText(/are still with dual-engine/);
    await expect(page.getByTestId('open-connections')).toContainText('dual-engine');
    await expect(engines.row(NODE)).not.toContainText('none');
    const before = await mesh.draining(NODE);
    expect(before).toBeGreaterThanOrEqual(HELD);
    held.kill();
    await expect.poll(() => mesh.draining(NODE), { timeout: 30_000 }).toBeLessThanOrEqual(before - HELD);
  } finally {
    held.kill();
  }
});
