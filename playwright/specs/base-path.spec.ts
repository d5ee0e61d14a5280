// SPDX-License-Identifier: Apache-2.0
// The dashboard below a path, behind real reverse proxies that are configured as the docs tell.
import { Road } from '../../tools/testbed/road.mjs';
import { AppPage } from '../pages/app-page.ts';
import { expect, withStack } from '../stack/fixtures.ts';
import { nameOf } from '../stack/name.ts';
import { operatorToken } from '../stack/operator.ts';
import { type ProxyName, ReverseProxy } from '../stack/proxies.ts';

const NAMES: readonly ProxyName[] = ['nginx', 'haproxy'];

interface Proxied {
  readonly url: string;
  readonly urls: ReadonlyMap<ProxyName, string>;
  readonly token: string;
  close(): Promise<void>;
}

async function openProxied(): Promise<Proxied> {
  const road = await Road.create(nameOf('proxied'));
  const token = operatorToken(road.data);
  await road.startCollector({ config: { basePath: '/mesh/', trustedProxies: ['127.0.0.1'] } });
  const place = { directory: road.state, collector: new URL(road.url).host };
  const proxies = new Map<ProxyName, ReverseProxy>();
  for (const name of NAMES) proxies.set(name, await ReverseProxy.start(name, place));
  return {
    url: road.url,
    urls: new Map([...proxies].map(([name, { url }]) => [name, url])),
    token,
    async close() {
      for (const proxy of proxies.values()) await proxy.stop();
      await road.destroy();
    },
  };
}

const test = withStack(openProxied);

for (const name of NAMES) {
  test(`is whole below /mesh/ behind ${name}`, async ({ page, mesh, trouble }) => {
    trouble.expect(/\b401\b/, /WebSocket/); // until the token is given
    const url = mesh.urls.get(name) ?? '';
    const app = new AppPage(page, `${url}/mesh/`);
    await page.goto(`${url}/mesh`);
    await expect(page).toHaveURL(`${url}/mesh/`);
    await page.getByLabel('Operator token').fill(mesh.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await app.isLive();
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ path: '/mesh/', httpOnly: true, sameSite: 'Strict' });

    for (const name of ['Topology', 'Latency', 'Connections', 'Nodes', 'Engines', 'Settings'] as const) {
      await app.goTo(name);
      await expect(page).toHaveURL(new RegExp(`^${url}/mesh/${name.toLowerCase()}/`));
      await app.isLive();
    }
    await page.goBack();
    await expect(page).toHaveURL(/\/mesh\/engines\//);
    await page.goto(`${url}/mesh/connections?state=ended&window=300`);
    await expect(page).toHaveURL(`${url}/mesh/connections/?state=ended&window=300`);
    await app.isLive();
    await page.reload();
    await app.isLive();
    await expect(page.getByRole('heading', { level: 1, name: 'Connections' })).toBeVisible();
  });
}
