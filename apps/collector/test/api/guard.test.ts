// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startCollector, type TestCollector } from '../support/collector.js';

let open: TestCollector;
let closed: TestCollector;
let token: string;
beforeAll(async () => {
  open = await startCollector({ hosts: ['mesh.example'] });
  closed = await startCollector({ auth: { read: 'token' } });
  token = closed.collector.token.reset();
});
afterAll(() => Promise.all([open.stop(), closed.stop()]));

/** `fetch` does not let a test choose its Host. */
function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method: options.method ?? 'GET', headers: options.headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
      );
    });
    asking.on('error', reject);
    asking.end(options.body);
  });
}

describe('the Host header', () => {
  it.each([
    'localhost',
    'localhost:1234',
    '127.0.0.1:7070',
    '[::1]:7070',
    '10.1.2.3',
    'mesh.example',
    'MESH.example:80',
    'a.localhost',
  ])('%s is served', async (host) => {
    expect((await ask(`${open.url}/api/v1/status`, { headers: { host } })).status).toBe(200);
  });

  it.each([
    'evil.example',
    'evil.example:7070',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'mesh.example.evil',
    'x',
  ])('%j is not: its owner could point it here', async (host) => {
    const { status, body } = await ask(`${open.url}/api/v1/status`, { headers: { host } });
    expect([status, JSON.parse(body).code]).toEqual([403, 'host_not_allowed']);
    expect((await ask(`${open.url}/`, { headers: { host } })).status).toBe(403);
  });

  it('does not matter to probes', async () => {
    expect((await ask(`${open.url}/healthz`, { headers: { host: 'probe.example' } })).status).toBe(200);
  });
});

describe('the Origin header', () => {
  it.each(['https://evil.example', 'null', 'http://localhost:1', 'http://127.0.0.1'])(
    '%s is refused',
    async (origin) => {
      const { status, body, headers } = await ask(`${open.url}/api/v1/status`, { headers: { origin } });
      expect([status, JSON.parse(body).code]).toEqual([403, 'origin_not_allowed']);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  it('of our own pages is fine', async () => {
    expect((await ask(`${open.url}/api/v1/status`, { headers: { origin: open.url } })).status).toBe(200);
  });

  it('keeps other sites off the WebSockets', async () => {
    for (const path of ['/api/v1/live', '/ingest/v1']) {
      const socket = new WebSocket(`${open.url.replace('http', 'ws')}${path}`, {
        origin: 'https://evil.example',
      });
      const status = await new Promise((resolve) => {
        socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
        socket.on('open', () => resolve('open'));
      });
      expect(status).toBe(403);
    }
  });
});

describe('reading with the token only', () => {
  it('needs it for data, not for the pages and probes', async () => {
    for (const path of ['/api/v1/status', '/api/v1/topology', '/metrics', '/openapi.json']) {
      const { status, body, headers } = await ask(`${closed.url}${path}`);
      expect([path, status, JSON.parse(body).code]).toEqual([path, 401, 'token_required']);
      expect(headers['www-authenticate']).toContain('Bearer');
    }
    for (const path of ['/healthz', '/readyz']) expect((await ask(`${closed.url}${path}`)).status).toBe(200);
  });

  it('takes it as a bearer', async () => {
    const answer = await ask(`${closed.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
    const wrong = await ask(`${closed.url}/metrics`, { headers: { authorization: 'Bearer umt_x' } });
    expect([wrong.status, JSON.parse(wrong.body).code]).toEqual([401, 'token_wrong']);
  });

  it('exchanges it for a cookie, and takes that back', async () => {
    const headers = { 'content-type': 'application/json', origin: closed.url };
    const signIn = (body: object, more: object = {}) =>
      ask(`${closed.url}/api/v1/session`, {
        method: 'POST',
        headers: { ...headers, ...more },
        body: JSON.stringify(body),
      });
    expect((await signIn({ token: 'x' })).status).toBe(401);
    expect((await signIn({})).status).toBe(400);
    expect((await signIn({ token }, { origin: 'https://evil.example' })).status).toBe(403);
    const answer = await signIn({ token });
    expect(answer.status).toBe(204);
    const [setCookie = ''] = answer.headers['set-cookie'] ?? [];
    expect(setCookie).toMatch(/HttpOnly; SameSite=Strict/);
    const cookie = setCookie.split(';')[0] ?? '';
    expect((await ask(`${closed.url}/api/v1/status`, { headers: { cookie } })).status).toBe(200);
    await ask(`${closed.url}/api/v1/session`, { method: 'DELETE', headers: { cookie } });
    expect((await ask(`${closed.url}/api/v1/status`, { headers: { cookie } })).status).toBe(401);
  });

  it('ends all sessions with a new token', async () => {
    const { secret } = closed.collector.token.openSession(Date.now());
    const headers = { cookie: `undermesh_session=${secret}` };
    expect((await ask(`${closed.url}/api/v1/status`, { headers })).status).toBe(200);
    token = closed.collector.token.reset();
    expect((await ask(`${closed.url}/api/v1/status`, { headers })).status).toBe(401);
  });
});

describe('requests', () => {
  it.each([
    '/api/v1/topology?level=galaxy',
    '/api/v1/topology?window=1',
    '/api/v1/topology?window=abc',
    '/api/v1/topology?to=yesterday',
    '/api/v1/edges?limit=1000000',
    '/api/v1/edges?cursor=%00',
  ])('%s is refused with a reason', async (path) => {
    const { status, body, headers } = await ask(`${open.url}${path}`);
    expect(status).toBe(400);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(JSON.parse(body).code).toMatch(/request_invalid|cursor_invalid/);
  });

  it('write with the token only, even where anybody may read', async () => {
    const bearer = { authorization: `Bearer ${open.collector.token.reset()}` };
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
      expect((await ask(`${open.url}/api/v1/status`, { method })).status).toBe(401);
      expect((await ask(`${open.url}/api/v1/status`, { method, headers: bearer })).status).toBe(404);
    }
  });

  it('carry security headers', async () => {
    const { headers } = await ask(`${open.url}/api/v1/status`);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('are described by OpenAPI', async () => {
    const document = await open.get<{ openapi: string; paths: Record<string, unknown> }>('/openapi.json');
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/status',
        '/api/v1/topology',
        '/api/v1/edges',
        '/api/v1/nodes',
        '/api/v1/connections',
      ]),
    );
  });
});
