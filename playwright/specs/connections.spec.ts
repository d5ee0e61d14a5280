// SPDX-License-Identifier: Apache-2.0
import type { Connection } from '@undermesh/schema';
import { ConnectionsPage } from '../pages/connections-page.ts';
import { expect, test } from '../stack/fixtures.ts';

test('new connections come in by themselves, newest first, and are held while one is open', async ({
  page,
  mesh,
}) => {
  const connections = new ConnectionsPage(page);
  await connections.open();
  await expect(connections.rows).not.toHaveCount(0);
  const first = () => connections.rows.first().getAttribute('data-key');
  const seen = await first();
  await expect.poll(first, { message: 'a newer connection on top' }).not.toBe(seen);
  const times = await connections.rows.locator('td:first-child').allInnerTexts();
  expect(times).toEqual([...times].sort().reverse());
  const id = (await connections.rows.nth(8).getAttribute('data-key')) ?? '';
  await mesh.isStored(id);
  await connections.row(id).click();
  await expect(connections.record).toBeVisible();
  const held = await first();
  await expect(connections.footer).toContainText(/\d+ new/);
  expect(await first()).toBe(held);
  await expect(async () => {
    await connections.footer.getByRole('button', { name: 'Show' }).click({ timeout: 2000 });
    expect(await first()).not.toBe(held); // what came may have opened before it: then there is more to show soon
  }).toPass({ timeout: 20_000 });
});

test('filters are chips and stand in the address', async ({ page }) => {
  const connections = new ConnectionsPage(page);
  await connections.open({ window: 300 });
  await page.keyboard.press('/');
  await expect(connections.filter).toBeFocused();
  await page.keyboard.type('destination orders-db');
  await expect(page.getByRole('option').first()).toContainText('orders-db');
  await page.keyboard.press('Enter');
  await connections.inAddress('destination', 'orders-db');
  await expect(connections.chip('destination')).toContainText('orders-db');
  await expect
    .poll(async () => new Set(await connections.rows.locator('td:nth-child(3)').allInnerTexts()))
    .toEqual(new Set(['orders-db']));
  await page.keyboard.press('Escape');
  await connections
    .chip('destination')
    .getByRole('button', { name: 'destination orders-db' })
    .first()
    .click();
  await connections.inAddress('off', 'destination:orders-db');
  await connections.inAddress('destination', null);
  await page.goBack();
  await connections.inAddress('destination', 'orders-db');
  await page.getByRole('button', { name: 'Clear all' }).click();
  await connections.inAddress('destination', null);
});

test('the failed view says why: refused and timed out', async ({ page, mesh }) => {
  const connections = new ConnectionsPage(page);
  await connections.open({ namespace: 'trials', window: 300 });
  await connections.choose('Which connections', 'Failed');
  await connections.inAddress('state', 'failed');
  await expect(connections.footer).toContainText('match');
  const refused = mesh.load('shop-1/trials/refused', {
    address: mesh.addressOf('orders-db'),
    port: 11,
    connections: 7,
  });
  const dropped = mesh.load('shop-2/trials/dropped', { address: mesh.retired, port: 80, connections: 3 });
  expect((await refused).failed).toEqual({ ECONNREFUSED: 7 });
  expect((await dropped).failed).toEqual({ ETIMEDOUT: 3 });
  const rows = (workload: string) => connections.rows.filter({ hasText: workload });
  await expect(rows('refused').filter({ hasText: 'orders-db' })).toHaveCount(7);
  await expect(rows('dropped')).toHaveCount(3);
  await expect(rows('dropped').first()).toContainText('connect timed out');

  await mesh.isStored((await rows('dropped').first().getAttribute('data-key')) ?? '');
  await rows('dropped').first().click();
  await expect(connections.panel).toContainText('never established');
  await expect(connections.panel).toContainText('Only the source has reported');
  expect((await connections.ends('Says'))[0]).toBe('failed, connect timed out');
});

test('a connection that ended just now can be opened before its record is stored', async ({
  page,
  trouble,
}) => {
  trouble.expect(/\b404\b/); // then the page asks again
  const connections = new ConnectionsPage(page);
  await connections.open({ window: 300 });
  await expect(connections.rows).not.toHaveCount(0);
  const first = () => connections.rows.first().getAttribute('data-key');
  const seen = await first();
  await expect.poll(first, { intervals: [50] }).not.toBe(seen);
  await connections.rows.first().click();
  await expect(connections.record).toBeVisible();
});

test('one record in full: both ends, and that they agree', async ({ page, mesh }) => {
  const id = await mesh.endedConnection('orders', 'orders-db');
  const connections = new ConnectionsPage(page);
  await connections.open({ source: 'orders', destination: 'orders-db', state: 'ended', window: 300 });
  await connections.row(id).click();
  await expect(connections.record).toBeVisible();
  await connections.inAddress('connection', id);
  const { connection, ends, agreement } = await mesh.road.detail(id);
  expect(await connections.ends('Workload')).toEqual(['orders', 'orders-db']);
  expect(await connections.ends('Node')).toEqual(['shop-3', 'shop-3']);
  const [sent, received] = [await connections.ends('Sent'), await connections.ends('Received')];
  expect(sent).toEqual([received[1], received[0]]);
  expect(Number(sent[0]?.replaceAll(',', ''))).toBe(connection.sentBytes);
  const [sourceIsn, destinationIsn] = await connections.ends('Joined by');
  expect(sourceIsn).toBe(destinationIsn);
  expect(ends.source.node).toBe('shop-3');
  expect(agreement.bytes).toBe(true);
  await expect(connections.panel).toContainText(agreement.detail);
  await page.reload();
  await expect(connections.record).toBeVisible();
  await connections.closePanel();
});

test('what matches can be taken away as CSV and NDJSON', async ({ page, mesh }) => {
  const made = await mesh.load('shop-3/trials/exported', {
    address: mesh.addressOf('ratings'),
    port: 12,
    connections: 25,
  });
  expect(made.failed).toEqual({ ECONNREFUSED: 25 });
  const connections = new ConnectionsPage(page);
  await connections.open({ workload: 'trials/exported', window: 300 });
  await expect(connections.footer).toContainText('25 connections match');

  const ndjson = await connections.export('NDJSON');
  expect(ndjson.name).toBe('connections.ndjson');
  const items = ndjson.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Connection);
  expect(items).toHaveLength(25);
  expect(new Set(items.map(({ id }) => id)).size).toBe(25);
  for (const one of items) {
    expect(one).toMatchObject({ state: 'failed', reason: 'refused', source: { workload: 'exported' } });
  }

  const csv = await connections.export('CSV');
  expect(csv.name).toBe('connections.csv');
  const [head = '', ...lines] = csv.text.trim().split(/\r?\n/);
  expect(lines).toHaveLength(25);
  const names = head.split(',');
  for (const line of lines) {
    const values = line.split(',');
    expect(values).toHaveLength(names.length);
    expect(values[names.indexOf('reason')]).toBe('refused');
  }
});
