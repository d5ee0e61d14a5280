// SPDX-License-Identifier: Apache-2.0
import { createConnection } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  ask,
  canRun,
  connect,
  meshOf,
  newRunner,
  ofService,
  ofWaypoint,
  PLAIN_PORT,
  routeManifest,
  serviceManifest,
  startBackend,
  WAYPOINT,
} from './bed.js';

/** Starts backends 1 to 4 and a waypoint with services s1 (backend 1) to s4. */
async function startShop(...routes: readonly string[]): Promise<void> {
  await Promise.all([1, 2, 3, 4].map((number) => startBackend(number)));
  const services = [1, 2, 3, 4].map((number) => serviceManifest(number, [number]));
  const runner = newRunner();
  await runner.apply(await meshOf(...services, ...routes));
  expect(runner.states).toEqual([{ waypoint: 'shop/way', pid: expect.any(Number), problem: null }]);
}

const to = (number: number, rest = ''): string => `backendRefs: [{ name: s${number}, port: 80${rest} }]`;

describe.skipIf(!canRun)('a waypoint (needs root and HAProxy)', { timeout: 30_000 }, () => {
  it('goes by the original destination, and refuses connections to anywhere else', async () => {
    await startShop();
    for (const number of [1, 2, 3]) expect((await ask(number)).echo?.server).toBe(`b${number}`);
    await expect(ask(1, '/', { socket: connect('10.96.77.200') })).rejects.toThrow();
    await expect(ask(1, '/', { socket: connect('10.96.77.1', 81) })).rejects.toThrow();
    await expect(ask(1, '/', { socket: createConnection(PLAIN_PORT, WAYPOINT) })).rejects.toThrow();
  });

  it('leaves requests as they are: bodies, keep-alive, slow first bytes', async () => {
    await startShop();
    const { echo } = await ask(1, '/a?b=%20c', { method: 'POST', body: 'x'.repeat(3_000_000) });
    expect(echo).toMatchObject({ method: 'POST', url: '/a?b=%20c', headers: { host: 's1' } });
    expect(echo?.headers['x-forwarded-for']).toBe('192.0.2.1');
    const socket = connect('10.96.77.1');
    let text = '';
    socket.on('data', (part) => {
      text += String(part);
    });
    for (const byte of 'GET /slow HTTP/1.1\r\nHost: s1\r\n\r\nGET /again HTTP/1.1\r\nHost: s1\r\nConnection: close\r\n\r\n') {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => socket.on('close', resolve));
    expect([...text.matchAll(/"url":"([^"]*)"/g)].map((match) => match[1])).toEqual(['/slow', '/again']);
  });

  it('matches paths, methods, headers and query parameters, the more specific first', async () => {
    await startShop(
      routeManifest(
        'all',
        ofService(1),
        `  rules:
    - ${to(1)}
    - matches: [{ path: { type: PathPrefix, value: /a } }]
      ${to(2)}
    - matches: [{ path: { type: Exact, value: /a/x } }]
      ${to(3)}
    - matches: [{ path: { type: RegularExpression, value: "/a/[0-9]+|/n[0-9]" } }]
      ${to(4)}
    - matches: [{ path: { value: /a }, method: PUT }]
      ${to(3)}
    - matches: [{ headers: [{ name: X-User, value: "o'neil %[src] \\\\ \\"" }] }]
      ${to(4)}
    - matches: [{ headers: [{ name: X-Id, type: RegularExpression, value: "[0-9]{3}" }, { name: x-b, value: b }] }]
      ${to(3)}
    - matches: [{ queryParams: [{ name: q, value: "a b" }] }, { queryParams: [{ name: r, type: RegularExpression, value: "x+" }] }]
      ${to(2)}
`,
      ),
    );
    const cases: [string, string, Parameters<typeof ask>[2]?][] = [
      ['b1', '/'],
      ['b1', '/ab'],
      ['b2', '/a'],
      ['b2', '/a?x'],
      ['b2', '/a/b'],
      ['b3', '/a/x'],
      ['b2', '/a/x/'],
      ['b4', '/a/12'],
      ['b2', '/a/12/b'],
      ['b4', '/n1'],
      ['b1', '/n1/'],
      ['b3', '/a', { method: 'PUT' }],
      ['b1', '/', { method: 'PUT' }],
      ['b4', '/', { headers: { 'x-user': `o'neil %[src] \\ "` } }],
      ['b1', '/', { headers: { 'x-user': `O'neil %[src] \\ "` } }],
      ['b3', '/', { headers: { 'X-ID': '123', 'x-b': 'b' } }],
      ['b1', '/', { headers: { 'x-id': '1234', 'x-b': 'b' } }],
      ['b1', '/', { headers: { 'x-id': '123' } }],
      ['b2', '/?q=a%20b'],
      ['b2', '/?p=1&q=a+b'],
      ['b1', '/?q=a'],
      ['b2', '/?r=xxx'],
      ['b1', '/?r=xxy'],
    ];
    for (const [server, path, options] of cases)
      expect([path, options, (await ask(1, path, options)).echo?.server]).toEqual([path, options, server]);
    expect((await ask(2, '/a/x')).echo?.server).toBe('b2');
  });

  it('answers 404 where a service has routes and none takes the request, 500 where one leads nowhere', async () => {
    await startShop(
      routeManifest(
        'some',
        ofService(1),
        `  rules:\n    - matches: [{ path: { value: /a } }]\n      ${to(2)}\n`,
      ),
      routeManifest(
        'none',
        ofService(2),
        `  rules:\n    - matches: [{ path: { value: /a } }]\n      ${to(3, ', weight: 0')}\n`,
      ),
    );
    expect((await ask(1, '/a')).echo?.server).toBe('b2');
    expect((await ask(1, '/b')).status).toBe(404);
    expect((await ask(2, '/a')).status).toBe(500);
    expect((await ask(3, '/b')).echo?.server).toBe('b3');
  });

  it('goes by host names in routes of its own, after those of the service', async () => {
    await startShop(
      routeManifest('exact', ofWaypoint, `  hostnames: [a.shop.example]\n  rules:\n    - ${to(2)}\n`),
      routeManifest('wild', ofWaypoint, `  hostnames: ["*.shop.example"]\n  rules:\n    - ${to(3)}\n`),
      routeManifest(
        'own',
        ofService(4),
        `  rules:\n    - matches: [{ path: { value: /own } }]\n      ${to(4)}\n`,
      ),
    );
    const host = async (service: number, name: string, path = '/'): Promise<string | undefined> =>
      (await ask(service, path, { headers: { host: name } })).echo?.server;
    expect(await host(1, 'A.shop.example:80')).toBe('b2');
    expect(await host(1, 'b.shop.example')).toBe('b3');
    expect(await host(1, 'shop.example')).toBe('b1');
    expect(await host(4, 'b.shop.example', '/own')).toBe('b4');
    expect(await host(4, 'b.shop.example', '/else')).toBe('b3');
  });

  it('shares requests by weight', async () => {
    await startShop(
      routeManifest(
        'weights',
        ofService(1),
        '  rules:\n    - backendRefs: [{ name: s2, port: 80, weight: 9 }, { name: s3, port: 80 }, { name: s4, port: 80, weight: 0 }]\n',
      ),
    );
    const counts: Record<string, number> = {};
    const client = async (): Promise<void> => {
      for (let turn = 0; turn < 40; turn++) {
        const server = (await ask(1)).echo?.server ?? '';
        counts[server] = (counts[server] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 10 }, client));
    expect(Object.keys(counts).sort()).toEqual(['b2', 'b3']);
    // 40 of 400 on average; six standard deviations either way.
    expect(Math.abs((counts.b3 ?? 0) - 40)).toBeLessThan(36);
  });

  it('changes headers, hosts and paths', async () => {
    await startShop(
      routeManifest(
        'changes',
        ofService(1),
        `  rules:
    - matches: [{ path: { value: /v1 } }, { path: { value: /old } }]
      filters:
        - type: URLRewrite
          urlRewrite: { hostname: inner.example, path: { type: ReplacePrefixMatch, replacePrefixMatch: /new } }
        - type: RequestHeaderModifier
          requestHeaderModifier:
            set: [{ name: X-Set, value: "50% %[src] 'quoted' \\"twice\\" \\\\ $HOME #" }]
            add: [{ name: X-Add, value: more }]
            remove: [X-Remove]
        - type: ResponseHeaderModifier
          responseHeaderModifier:
            set: [{ name: X-Answer, value: "100%" }]
            remove: [X-Gone]
      backendRefs:
        - name: s2
          port: 80
          filters:
            - type: RequestHeaderModifier
              requestHeaderModifier: { set: [{ name: X-Backend, value: two }] }
    - matches: [{ path: { value: /strip } }]
      filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } } }]
      ${to(2)}
    - matches: [{ path: { value: /full } }]
      filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: "/whole%20way" } } }]
      ${to(2)}
`,
      ),
    );
    const headers = { 'x-remove': 'me', 'x-add': 'some', 'x-set': 'old' };
    const { echo, headers: answered } = await ask(1, '/v1/a?b=c', { headers });
    expect(echo).toMatchObject({ server: 'b2', url: '/new/a?b=c' });
    expect(echo?.headers).toMatchObject({
      host: 'inner.example',
      'x-set': `50% %[src] 'quoted' "twice" \\ $HOME #`,
      'x-add': 'some, more',
      'x-backend': 'two',
    });
    expect(echo?.headers).not.toHaveProperty('x-remove');
    expect(answered).toMatchObject({ 'x-answer': '100%' });
    expect(answered).not.toHaveProperty('x-gone');
    const urls: [string, string][] = [
      ['/v1', '/new'],
      ['/v1/', '/new/'],
      ['/old/x', '/new/x'],
      ['/strip', '/'],
      ['/strip?a', '/?a'],
      ['/strip/a/b', '/a/b'],
      ['/full/a/b?c', '/whole%20way?c'],
    ];
    for (const [asked, got] of urls) expect([asked, (await ask(1, asked)).echo?.url]).toEqual([asked, got]);
  });

  it('redirects', async () => {
    const redirect = (path: string, how: string): string =>
      `    - matches: [{ path: { value: ${path} } }]\n      filters: [{ type: RequestRedirect, requestRedirect: { ${how} } }]\n`;
    await startShop(
      routeManifest(
        'redirects',
        ofService(1),
        `  rules:\n${[
          redirect('/secure', 'scheme: https, statusCode: 301'),
          redirect('/port', 'scheme: https, port: 8443'),
          redirect('/host', 'hostname: other.example, statusCode: 308'),
          redirect('/prefix', 'path: { type: ReplacePrefixMatch, replacePrefixMatch: /p }, statusCode: 307'),
          redirect('/strip', 'path: { type: ReplacePrefixMatch, replacePrefixMatch: / }'),
          redirect('/full', 'path: { type: ReplaceFullPath, replaceFullPath: "/f%41" }, statusCode: 303'),
        ].join('')}`,
      ),
    );
    const cases: [string, number, string][] = [
      ['/secure/a?b=c', 301, 'https://shop.example/secure/a?b=c'],
      ['/port', 302, 'https://shop.example:8443/port'],
      ['/host/x', 308, 'http://other.example/host/x'],
      ['/prefix/x?y', 307, 'http://shop.example/p/x?y'],
      ['/strip', 302, 'http://shop.example/'],
      ['/strip/x', 302, 'http://shop.example/x'],
      ['/full/x', 303, 'http://shop.example/f%41'],
    ];
    for (const [path, status, location] of cases) {
      const answer = await ask(1, path, { headers: { host: 'Shop.example' } });
      expect([path, answer.status, answer.headers.location]).toEqual([path, status, location]);
    }
  });
});
