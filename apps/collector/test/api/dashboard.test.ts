// SPDX-License-Identifier: Apache-2.0
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scriptHashes } from '../../src/api/dashboard.js';
import { startCollector, type TestCollector } from '../support/collector.js';
import { writeDashboard } from '../support/dashboard.js';

const PAGE = '<!doctype html><script src="/_next/static/a.js"></script><script>self.x=1</script>';
// printf 'self.x=1' | openssl dgst -sha256 -binary | base64
const HASH = "'sha256-OeQ5f9lOMes7jOc0cGCXX08CnAERweUkLpVXXpflaLg='";

let web: string;
let test: TestCollector;
beforeAll(async () => {
  web = writeDashboard({ page: PAGE, missing: '<!doctype html>nothing here', script: 'self.x=2' });
  test = await startCollector({ web });
});
afterAll(async () => {
  await test.stop();
  rmSync(web, { recursive: true });
});

describe('the dashboard', () => {
  it('hashes the inline scripts of a page and no others', () => {
    expect(scriptHashes(PAGE)).toEqual([HASH]);
    expect(scriptHashes('<script type="module">a</script>\n<script>b\nc</script>')).toHaveLength(2);
  });

  it('serves pages with a policy that names their scripts', async () => {
    for (const path of ['/', '/topology/']) {
      const answer = await fetch(`${test.url}${path}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain(HASH);
      expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    }
  });

  it('lets a worker load our own scripts: it lives by the policy of its file, not of its page', async () => {
    const { headers } = await fetch(`${test.url}/_next/static/a.js`);
    expect(headers.get('content-security-policy')).toMatch(/script-src 'self'/);
  });

  it('goes along with a page that is built anew', async () => {
    const page = '<!doctype html><script>self.y=1</script>';
    writeFileSync(join(web, 'index.html'), page);
    const answer = await fetch(`${test.url}/`);
    expect(answer.headers.get('content-security-policy')).toContain(scriptHashes(page)[0]);
  });

  it('keeps what never changes, and takes paths without a slash to the page', async () => {
    const script = await fetch(`${test.url}/_next/static/a.js`);
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const redirect = await fetch(`${test.url}/topology`, { redirect: 'manual' });
    expect([redirect.status, redirect.headers.get('location')]).toEqual([301, '/topology/']);
  });

  it('answers its 404 page, and problem details below the API', async () => {
    const page = await fetch(`${test.url}/nonesuch`);
    expect([page.status, await page.text()]).toEqual([404, '<!doctype html>nothing here']);
    const api = await fetch(`${test.url}/api/v1/nonesuch`);
    expect([api.status, ((await api.json()) as { code: string }).code]).toEqual([404, 'not_found']);
  });

  it.each(['/../package.json', '/%2e%2e/package.json', '/..%2fpackage.json', '/.env'])(
    'does not serve %s',
    async (path) => {
      expect((await fetch(`${test.url}${path}`)).status).not.toBe(200);
    },
  );
});
