// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, fetchAuthority, fingerprintOf, isDistrust } from '../src/index.js';

const [one = '', other = ''] = rootCertificates;
let url: URL;
const server = createServer((request, response) => {
  if (request.url === '/silent') return;
  if (request.url === '/elsewhere') response.writeHead(302, { location: '/' }).end();
  else response.end(one);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('the fingerprint of an authority', () => {
  it('is of what certificates say, not of how they are written; of several it is of all', () => {
    expect(fingerprintOf(one)).toMatch(/^[\w-]{43}$/);
    expect(fingerprintOf(`# a word before\n${one.replaceAll('\n', '\r\n')}`)).toBe(fingerprintOf(one));
    expect(new Set([one, other, `${one}\n${other}`, `${other}\n${one}`].map(fingerprintOf)).size).toBe(4);
  });

  it('is none of what is no certificate', () => {
    expect(fingerprintOf('nothing')).toBeNull();
    expect(fingerprintOf('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toBeNull();
  });

  it('settles whether the authority that a collector names is believed', async () => {
    expect(await fetchAuthority(url, fingerprintOf(one) ?? '')).toBe(one);
    expect(await fetchAuthority(url, fingerprintOf(other) ?? '')).toBeNull();
  });
});

describe('a question', () => {
  it('follows no redirect', async () => {
    expect((await ask(new URL('/elsewhere', url), { timeoutMs: 5_000 })).status).toBe(302);
  });

  it('ends after its time, and when it is called off', async () => {
    const silent = new URL('/silent', url);
    await expect(ask(silent, { timeoutMs: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
    const signal = AbortSignal.abort();
    await expect(ask(silent, { timeoutMs: 5_000, signal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('says why nobody answers', async () => {
    const failing = ask(new URL('http://127.0.0.1:1/'), { timeoutMs: 5_000 });
    await expect(failing).rejects.toThrow('ECONNREFUSED');
    expect(await failing.catch(isDistrust)).toBe(false);
  });
});
