// SPDX-License-Identifier: Apache-2.0
// A collector that lets only holders of the operator token read.
import { AxeBuilder } from '@axe-core/playwright';
import { Road } from '../../tools/testbed/road.mjs';
import { AppPage } from '../pages/app-page.ts';
import { expect, withStack } from '../stack/fixtures.ts';
import { nameOf } from '../stack/name.ts';
import { operatorToken } from '../stack/operator.ts';

interface Locked {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

async function openLocked(): Promise<Locked> {
  const road = await Road.create(nameOf('session'));
  const token = operatorToken(road.data);
  await road.startCollector({ config: { auth: { read: 'token' } } });
  return {
    url: road.url,
    token,
    close: () => road.destroy(),
  };
}

const test = withStack(openLocked);

test('asks for the token, takes no other, keeps a session, and ends it', async ({ page, mesh, trouble }) => {
  trouble.expect(/\b401\b/, /\b403\b/, /WebSocket/);
  const settings = new AppPage(page, '/settings/');
  await page.goto('/settings/');
  const locked = page.getByRole('heading', { name: 'This dashboard needs the operator token' });
  await expect(locked).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag22aa']).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);

  const field = page.getByLabel('Operator token');
  await field.fill('not-the-token');
  await page.keyboard.press('Enter');
  await expect(page.locator('p[role=alert]')).toContainText(
    'This is not the operator token of this collector.',
  );
  await field.fill(mesh.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await settings.isLive();
  await expect(page.getByRole('heading', { name: 'Store' })).toBeVisible();
  await page.reload();
  await settings.isLive();
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  expect(JSON.stringify(await page.evaluate(() => ({ ...localStorage, ...sessionStorage })))).not.toContain(
    mesh.token,
  );

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(locked).toBeVisible();
});
