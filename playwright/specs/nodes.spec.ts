// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { NodesPage } from '../pages/nodes-page.ts';
import { expect, test } from '../stack/fixtures.ts';

interface Program {
  id: number;
  type: string;
  name: string;
  tag: string;
}

const bpftool = <T>(...words: string[]): T =>
  JSON.parse(execFileSync('bpftool', ['-j', ...words], { encoding: 'utf8' })) as T;

test('three nodes that report, engine off', async ({ page }) => {
  const nodes = new NodesPage(page);
  await nodes.open();
  await expect(nodes.rows).toHaveCount(3);
  for (const name of ['shop-1', 'shop-2', 'shop-3']) {
    await expect(nodes.row(name)).toContainText('reports');
    await expect(nodes.row(name).locator('.engine')).toHaveText('off');
  }
  await expect(page.getByText('all report')).toBeVisible();
});

test('hooks on the page are those that the kernel holds', async ({ page, mesh }) => {
  const nodes = new NodesPage(page);
  await nodes.open({ node: 'shop-1', tab: 'hooks' });
  await expect(nodes.hooks).not.toHaveCount(0);
  const texts = await nodes.hooks.allInnerTexts();
  const shown = texts.map((text) => {
    const [, name = '', id, tag] = /^(\S+)[\s\S]*\bid (\d+) · ([0-9a-f]+)/.exec(text) ?? [];
    return { name, id: Number(id), tag };
  });
  const inKernel = new Map(bpftool<Program[]>('prog', 'show').map((program) => [program.id, program]));
  for (const { name, id, tag } of shown) {
    expect(inKernel.get(id), `${name} in the kernel`).toMatchObject({ tag, name: name.slice(0, 15) });
  }
  expect(texts.join()).not.toContain('detached');

  const attached = bpftool<{ id: number }[]>('cgroup', 'show', mesh.road.testbed.cgroup('shop-1'));
  expect(attached.length).toBeGreaterThan(0);
  for (const { id } of attached) expect(shown.map((one) => one.id)).toContain(id);

  const other = new NodesPage(page);
  await other.open({ node: 'shop-3', tab: 'hooks' });
  await expect(other.hooks).toHaveCount(shown.length);
  const others = (await other.hooks.allInnerTexts()).map((text) => Number(/\bid (\d+)/.exec(text)?.[1]));
  expect(others.filter((id) => shown.some((one) => one.id === id))).toEqual([]);
});

test('what a node made, and what its kernel can do', async ({ page, mesh }) => {
  const nodes = new NodesPage(page);
  await nodes.open();
  await nodes.row('shop-1').click();
  await nodes.inAddress('node', 'shop-1');
  await expect(nodes.panel).toContainText('Made by the kernel');
  const made = () =>
    nodes.panel
      .locator('.ledger dd')
      .first()
      .textContent()
      .then((text) => Number((text ?? '').replaceAll(',', '')));
  await expect.poll(made).toBeGreaterThan(0);
  const item = (await mesh.api('nodes')).items.find(({ name }) => name === 'shop-1');
  await expect.poll(made).toBeGreaterThanOrEqual(item?.records.made ?? Number.POSITIVE_INFINITY);
  await nodes.tab('Kernel');
  await expect(nodes.panel).toContainText(item?.kernel?.release ?? 'no kernel');
  await expect(nodes.panel).toContainText(`${mesh.road.testbed.name}/shop-1`);
  await nodes.tab('Maps');
  await expect(nodes.panel.getByRole('tabpanel')).toContainText(item?.maps[0]?.name ?? 'no map');
});
