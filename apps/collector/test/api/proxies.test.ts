// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trustedProxies } from '../../src/api/proxies.js';
import { startCollector, type TestCollector } from '../support/collector.js';

describe('addresses of proxies', () => {
  it('are taken alone and as prefixes, of both families', () => {
    const trusts = trustedProxies(['10.1.0.0/16', '127.0.0.1', 'fd00::/8']);
    if (trusts === false) throw new Error('nobody is trusted');
    for (const yes of ['10.1.2.3', '127.0.0.1', '::ffff:127.0.0.1', 'fd12::1'])
      expect(trusts(yes)).toBe(true);
    for (const no of ['10.2.0.1', '127.0.0.2', 'fe80::1', '::1']) expect(trusts(no)).toBe(false);
    expect(trustedProxies([])).toBe(false);
  });

  it.each(['mesh.example', '10.0.0.0/33', '10.0.0.0/', '::/129', '', '1.2.3.4/8/8'])(
    'cannot be %j',
    (text) => {
      expect(() => trustedProxies([text])).toThrow(
        /collector.trustedProxies holds .*: write an address or a prefix/,
      );
    },
  );
});

/** Status and cookie of a request as a proxy on this machine would make it. */
const ask = (url: string, headers: Record<string, string>, body?: string): Promise<[number, string]> =>
  new Promise((resolve, reject) => {
    const asking = request(url, { method: body === undefined ? 'GET' : 'POST', headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve([answer.statusCode ?? 0, String(answer.headers['set-cookie'] ?? '')]));
    });
    asking.on('error', reject);
    asking.end(body);
  });

describe('what a proxy says', () => {
  let trusting: TestCollector;
  let wary: TestCollector;
  let token: string;
  beforeAll(async () => {
    trusting = await startCollector({ hosts: ['mesh.example'], trustedProxies: ['127.0.0.1'] });
    wary = await startCollector({ hosts: ['mesh.example'] });
    token = trusting.collector.token.reset();
  });
  afterAll(() => Promise.all([trusting.stop(), wary.stop()]));

  const forwarded = (headers: Record<string, string> = {}) => ({
    host: '127.0.0.1:7070',
    'x-forwarded-host': 'mesh.example',
    'x-forwarded-proto': 'https',
    ...headers,
  });
  const signIn = (test: TestCollector, headers: Record<string, string>) =>
    ask(
      `${test.url}/api/v1/session`,
      { 'content-type': 'application/json', ...headers },
      JSON.stringify({ token }),
    );

  it('is believed of a trusted one: same origin, secure cookie', async () => {
    const [status, cookie] = await signIn(trusting, forwarded({ origin: 'https://mesh.example' }));
    expect(status).toBe(204);
    expect(cookie).toMatch(/; Secure/);
    expect(
      (
        await signIn(
          trusting,
          forwarded({ 'x-forwarded-host': 'mesh.example:443', origin: 'https://mesh.example' }),
        )
      )[0],
    ).toBe(204);
  });

  it('is not believed of others', async () => {
    expect((await signIn(wary, forwarded({ origin: 'https://mesh.example' })))[0]).toBe(403);
    const [, cookie] = await signIn(trusting, { 'x-forwarded-proto': 'http' });
    expect(cookie).not.toMatch(/; Secure/);
  });

  it.each([
    { 'x-forwarded-host': 'evil.example' },
    { host: 'evil.example' },
    { origin: 'https://evil.example' },
    { origin: 'https://127.0.0.1:7070' },
  ])('does not lift the checks: %j', async (headers) => {
    expect((await ask(`${trusting.url}/api/v1/session`, forwarded(headers)))[0]).toBe(403);
  });

  it('makes a collector on loopback ask for the token: everybody comes from there', async () => {
    const [status] = await ask(`${trusting.url}/api/v1/status`, forwarded());
    expect(status).toBe(401);
    expect((await ask(`${wary.url}/api/v1/status`, { host: '127.0.0.1' }))[0]).toBe(200);
  });
});
