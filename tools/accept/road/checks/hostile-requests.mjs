// SPDX-License-Identifier: Apache-2.0
// Requests that no honest client makes, each with the status and the problem's code that it must be answered with.
import { request } from 'node:http';
import { connect } from 'node:net';

const bad = (query, code = 'request_invalid') => ({ path: `/api/v1/${query}`, status: 400, code });
const outside = (path, status) => ({ path, status });

export const requests = [
  bad('connections?limit=0'),
  bad('connections?limit=1001'),
  bad('connections?limit=ten'),
  bad('connections?state=dead'),
  bad('connections?format=xml'),
  bad('connections?port=http'),
  bad('connections?port=1,2,x'),
  bad('connections?from=yesterday'),
  bad('connections?window=0'),
  bad('connections?window=1e99'),
  bad(`connections?workload=${'w'.repeat(600)}`),
  bad('connections?cursor=zzz', 'cursor_invalid'),
  bad('connections?cursor=e%00%ff%fe', 'cursor_invalid'),
  bad(`connections?cursor=o${Buffer.from('1/../../x').toString('base64url')}`, 'cursor_invalid'),
  bad('topology?level=galaxy'),
  bad('topology?maxVertices=99999999'),
  bad('topology?window=5'),
  bad('topology?to=never'),
  bad('edges?limit=-1'),
  bad('edges?order=random'),
  bad('edges?series=maybe'),
  { path: '/api/v1/connections/0', status: 404, code: 'not_found' },
  { path: `/api/v1/connections/${'A'.repeat(32)}`, status: 404, code: 'not_found' },
  { path: '/api/v1/nothing', status: 404, code: 'not_found' },
  outside('/api/v1/%2e%2e/%2e%2e/etc/passwd', 404),
  outside('/..%2f..%2f..%2f..%2fetc/passwd', 404),
  outside('/%2e%2e/%2e%2e/%2e%2e/etc/passwd', 404),
  { path: '/api/v1/status', method: 'POST', status: 401, code: 'token_required' },
  { path: '/api/v1/connections', method: 'DELETE', status: 401, code: 'token_required' },
  { path: '/api/v1/status', headers: { host: 'evil.example' }, status: 403, code: 'host_not_allowed' },
  { path: '/metrics', headers: { host: 'evil.example:7070' }, status: 403, code: 'host_not_allowed' },
  { path: '/', headers: { host: 'evil.example' }, status: 403, code: 'host_not_allowed' },
  {
    path: '/api/v1/status',
    headers: { origin: 'http://evil.example' },
    status: 403,
    code: 'origin_not_allowed',
  },
  { path: '/api/v1/status', headers: { origin: 'null' }, status: 403, code: 'origin_not_allowed' },
  { path: '/api/v1/status', headers: { authorization: 'Bearer guess' }, status: 401, code: 'token_wrong' },
  { path: '/ingest/v1', headers: upgrade({}), status: 401, code: 'credential_required' },
  {
    path: '/ingest/v1',
    headers: upgrade({ authorization: 'Bearer guess' }),
    status: 401,
    code: 'credential_wrong',
  },
  {
    path: '/ingest/v1',
    headers: upgrade({ origin: 'http://evil.example' }),
    status: 403,
    code: 'origin_not_allowed',
  },
  {
    path: '/api/v1/live',
    headers: upgrade({ origin: 'http://evil.example' }),
    status: 403,
    code: 'origin_not_allowed',
  },
  { path: '/api/v1/live', headers: upgrade({ host: 'evil.example' }), status: 403, code: 'host_not_allowed' },
  { path: '/api/v1/status', headers: { 'x-large': 'x'.repeat(64 << 10) }, status: 431 },
];

/** Values that only a careless query builder would mind: an answer without items, and nothing changed. */
export const injections = [
  "' OR 1=1 --",
  "x'; DROP TABLE ends; --",
  '\u0000',
  '{{7*7}}',
  "\"; ATTACH '/etc/passwd' AS p; --",
  '%',
  '_',
  '😀',
];

function upgrade(headers) {
  return {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.from('sixteen bytes ok').toString('base64'),
    ...headers,
  };
}

/**
 * Sends a request as it is given. Status 0: the collector hung up without an answer.
 * @returns {Promise<{ status: number, type: string, body: string }>}
 */
export function send(url, { path, method = 'GET', headers = {}, body }) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const outgoing = request({ hostname, port, path, method, headers, agent: false, timeout: 20_000 });
    outgoing.on('response', async (response) => {
      let text = '';
      try {
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
      } catch {
        // Cut off: what came is what there is.
      }
      resolve({ status: response.statusCode, type: response.headers['content-type'] ?? '', body: text });
    });
    outgoing.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, type: '', body: '' });
    });
    outgoing.on('error', ({ code }) => resolve({ status: 0, type: '', body: String(code) }));
    outgoing.end(body);
  });
}

/** Sends bytes that are no HTTP and waits for the end. @returns {Promise<string>} what came back */
export function sendBytes(url, bytes) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let text = '';
    socket.setTimeout(20_000, () =>
      socket.destroy(new Error('the collector keeps a connection that speaks no HTTP')),
    );
    socket.on('data', (chunk) => (text += chunk));
    socket.on('error', (error) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(text) : reject(error),
    );
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}
