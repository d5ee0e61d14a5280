// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { BASE_PATH_PLACEHOLDER } from '@undermesh/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { scriptHashes } from '../../src/api/dashboard.js';
import { startCollector, type TestCollector } from '../support/collector.js';
import { writeDashboard } from '../support/dashboard.js';

const PAGE = `<!doctype html><script src="${BASE_PATH_PLACEHOLDER}/_next/static/a.js"></script><script>self.x="${BASE_PATH_PLACEHOLDER}/"</script>`;
const atMesh = PAGE.replaceAll(BASE_PATH_PLACEHOLDER, '/mesh');
const atRoot = PAGE.replaceAll(BASE_PATH_PLACEHOLDER, '');

let web: string;
let below: TestCollector;
let plain: TestCollector;
beforeAll(async () => {
  web = writeDashboard({ page: PAGE, missing: PAGE, script: `self.y="${BASE_PATH_PLACEHOLDER}/x"` });
  below = await startCollector({ web, basePath: '/mesh/' });
  plain = await startCollector({ web });
});
afterAll(async () => {
  await Promise.all([below.stop(), plain.stop()]);
  rmSync(web, { recursive: true });
});

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${below.url}${path}`, { redirect: 'manual', ...init });

describe('a base path', () => {
  it('is written into pages and scripts as they are served, and their policy fits', async () => {
    const page = await ask('/mesh/topology/');
    const html = await page.text();
    expect([page.status, html]).toEqual([200, atMesh]);
    expect(page.headers.get('content-security-policy')).toContain(scriptHashes(atMesh)[0]);
    expect(await (await ask('/mesh/_next/static/a.js')).text()).toBe('self.y="/mesh/x"');
  });

  it('leaves nothing of the placeholder where there is none', async () => {
    expect(await plain.get('/')).toBe(atRoot);
    expect(await plain.get('/_next/static/a.js')).toBe('self.y="/x"');
  });

  it.each([
    ['/', '/mesh/'],
    ['/mesh', '/mesh/'],
    ['/mesh?a=b', '/mesh/?a=b'],
    ['/topology/?window=300', '/mesh/topology/?window=300'],
    ['/mesh/topology?window=300', '/mesh/topology/?window=300'],
    ['/meshes/', '/mesh/meshes/'],
  ])('sends a browser from %s to %s', async (from, to) => {
    const answer = await ask(from);
    expect([Math.floor(answer.status / 100), answer.headers.get('location')]).toEqual([3, to]);
  });

  it('redirects to no other site', async () => {
    for (const path of ['//topology', '/mesh//topology', '//mesh/topology']) {
      expect((await ask(path)).headers.get('location')).toMatch(/^\/mesh\//);
    }
  });

  it('is no part of what the API, probes and scrapers ask for, though they may say it', async () => {
    for (const path of ['/api/v1/status', '/healthz', '/metrics', '/openapi.json']) {
      expect((await ask(path)).status).toBe(200);
      expect((await ask(`/mesh${path}`)).status).toBe(200);
    }
    expect(await below.get('/openapi.json')).toMatchObject({ servers: [{ url: '/mesh' }] });
    expect((await ask('/mesh/api/v1/nonesuch')).headers.get('content-type')).toContain('problem+json');
  });

  it('serves WebSockets below it', async () => {
    const socket = new WebSocket(`${below.url.replace('http', 'ws')}/mesh/api/v1/live`);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.close();
  });

  it('bounds the cookie', async () => {
    const token = below.collector.token.reset();
    const answer = await ask('/mesh/api/v1/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    expect(answer.headers.get('set-cookie')).toMatch(/Path=\/mesh\/;/);
  });

  it('answers an unchanged file with a word', async () => {
    const first = await ask('/mesh/');
    const again = await ask('/mesh/', { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    for (const name of ['content-security-policy', 'cache-control', 'etag']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(again.headers.get('etag')).not.toBe((await fetch(`${plain.url}/`)).headers.get('etag'));
  });

  it.each(['/mesh/../x', '/mesh/%00', '/mesh/%zz', '/mesh/.env', '/mesh/..%5cx'])(
    'serves nothing as %s',
    async (path) => {
      expect((await ask(path)).status).not.toBe(200);
    },
  );
});
