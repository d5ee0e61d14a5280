// SPDX-License-Identifier: Apache-2.0
// The engines page in every state that a node can be in: nodes without a kernel say what a test wants them to say.
import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { EnginesPage } from '../pages/engines-page.ts';
import { EngineMesh } from '../stack/engine-mesh.ts';
import { expect, withStack } from '../stack/fixtures.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const NODES = 6;
const test = withStack(EngineMesh.open);

test('a viewer sees everything, and why nothing can be changed', async ({ page, mesh }) => {
  const engines = new EnginesPage(page);
  await engines.open();
  await expect(engines.rows).toHaveCount(NODES);
  await expect(page.getByRole('button', { name: 'Read only Sign in' })).toBeVisible();
  await expect(engines.slot('able', 'dual-engine')).toHaveAttribute('aria-disabled', 'true');
  await engines.press('able', 'dual-engine');
  await expect(engines.dialog).toContainText('Changing an engine needs the operator token');
  await page.keyboard.press('Escape');
  await expect(engines.dialog).toHaveCount(0);
  expect(await mesh.order('able', 'dual-engine', ''), 'without a token').toBe(401);
  expect(await mesh.order('able', 'dual-engine', 'Bearer guessed'), 'with a wrong one').toBe(401);
  await expect(engines.row('able')).toContainText('in force');
});

test('each state shows what it is, since when and why', async ({ page }) => {
  const engines = new EnginesPage(page);
  await engines.open({ node: 'drifting' });
  await expect(engines.row('drifting')).toContainText(/drift/);
  await expect(engines.detail).toContainText('steer_connect4 was detached from /shop');
  await expect(engines.detail).toContainText(/1 of 2\slinks/);
  await expect(engines.row('silent')).toContainText(/silent/);
  await expect(engines.row('silent')).toContainText('unknown');
  await expect(engines.slot('silent', 'dual-engine')).toHaveAccessibleName(/desired, not heard of/);
  await expect(engines.slot('limited', 'kernel-native')).toHaveAccessibleName(
    /not available: the module is not signed/,
  );
  await engines.press('limited', 'kernel-native');
  await expect(engines.dialog).toContainText('limited cannot run kernel-native');
  await page.keyboard.press('Escape');
  await engines.press('labelled', 'off');
  await expect(engines.dialog).toContainText('undermesh.io/engine=dual-engine');
  await page.keyboard.press('Escape');
  await expect(engines.row('labelled')).toContainText('label');
});

test('its dialog is clean and accessible, dark and light', async ({ page, mesh }) => {
  const engines = new EnginesPage(page);
  await engines.open();
  await engines.signIn(mesh.token);
  await page.reload();
  await expect(engines.rows).toHaveCount(NODES);
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await engines.press('able', 'dual-engine');
    const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
    await page.keyboard.press('Escape');
    await expect(engines.dialog).toHaveCount(0);
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    expect(found, theme).toEqual([]);
  }
});

test('by keyboard alone: asked for, switching, in force, draining, in the log', async ({ page, mesh }) => {
  const engines = new EnginesPage(page);
  await engines.open();
  await engines.signIn(mesh.token);
  await page.reload();
  await engines.row('able').getByRole('button', { name: 'able', exact: true }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(engines.slot('able', 'dual-engine')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(engines.dialog).toContainText('The 40 that are open stay with off until they end.');
  await page.keyboard.type('e2e: by keyboard');
  await page.keyboard.press('Enter');
  await expect(engines.dialog).toHaveCount(0);
  await expect(engines.slot('able', 'dual-engine')).toBeFocused();
  await expect(engines.row('able')).toContainText('switching');
  // what is observed is what the node says, and it has not said anything yet
  await expect(engines.slot('able', 'off')).toHaveAccessibleName('able: off, observed');
  const agent = mesh.agent('able');
  await agent.ordered(1);
  agent.obey();
  agent.say({ connections: 10, draining: [{ generation: 0, engine: 'off', connections: 30 }] });
  await expect(engines.row('able')).toContainText('in force');
  await expect(engines.slot('able', 'dual-engine')).toHaveAccessibleName(
    'able: dual-engine, desired, observed',
  );
  await expect(engines.row('able')).toContainText(/75\s%\s*30/);
  await expect(engines.detail).toContainText(/30\sconnections, are still with off/);
  const entry = engines.log.first();
  await expect(entry).toContainText('m.chen');
  await expect(entry).toContainText('e2e: by keyboard');
  await expect(page.getByText(/hash chain verified to #\d+/)).toBeVisible();
  agent.say({ connections: 40, draining: [] });
  await expect(engines.row('able')).toContainText('none');
});

test('what the collector says against an order is said beside it', async ({ page, mesh, trouble }) => {
  trouble.expect(/409/);
  const engines = new EnginesPage(page);
  await engines.open();
  await engines.signIn(mesh.token);
  await page.reload();
  await engines.press('contested', 'dual-engine');
  await engines.dialog.getByLabel('Reason').fill('e2e: too late');
  expect(await mesh.order('contested', 'kernel-native')).toBe(200);
  await engines.dialog.getByRole('button', { name: 'Switch to dual-engine' }).click();
  await expect(engines.dialog.getByRole('alert')).toContainText('kernel-native');
  await page.keyboard.press('Escape');
  await expect(engines.slot('contested', 'kernel-native')).toHaveAccessibleName(/desired/);
  expect(await mesh.order('limited', 'dual-engine')).toBe(200);
  await mesh.agent('limited').ordered(1);
  mesh.agent('limited').say({
    refused: { generation: 1, engine: 'dual-engine', reason: 'the kernel has no such hook' },
  });
  await expect(engines.row('limited')).toContainText('refused');
  await engines.row('limited').getByRole('button', { name: 'limited', exact: true }).click();
  await engines.inAddress('node', 'limited');
  await expect(engines.detail).toContainText('The kernel has no such hook.');
});

test('filters are in the address, and what is shown can be taken along', async ({ page }) => {
  const engines = new EnginesPage(page);
  await engines.open();
  await expect(engines.rows).toHaveCount(NODES);
  await page.keyboard.press('/');
  await page.keyboard.type('dri');
  await engines.inAddress('find', 'dri');
  await expect(engines.rows).toHaveCount(1);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('menuitem', { name: 'CSV' }).click();
  const [head, ...lines] = readFileSync(await (await download).path(), 'utf8')
    .trim()
    .split('\r\n');
  expect(head).toMatch(/^node,desired,observed/);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^drifting,dual-engine,dual-engine,drift,/);
  await page.getByLabel('Filter nodes').fill('');
  await engines.inAddress('find', null);
  await page.getByRole('button', { name: 'State: all' }).click();
  await page.getByRole('menuitemradio', { name: 'Silent' }).click();
  await engines.inAddress('state', 'silent');
  await expect(engines.rows).toHaveCount(1);
  await page.goBack();
  await expect(engines.rows).toHaveCount(NODES);
});
