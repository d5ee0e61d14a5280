// SPDX-License-Identifier: Apache-2.0
/**
 * A stand-in for the collector, for work on the dashboard only: serves `out/` and invented answers. Every answer is
 * checked against the schema before it is sent.
 *
 *   npx next build && node dev/mock-collector.mjs [port]
 *
 * The state is chosen per browser by opening any page with `?mock=<state>` (kept in a cookie), or for all by
 * UNDERMESH_MOCK: normal, partial, stale, polling, error, locked, empty, waiting, loss, many, quiet (no HTTP/1.1), modes
 * (engines in every state).
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LiveMessage, Problem, placeAt, ROUTES } from '@undermesh/schema';
import { Value } from 'typebox/value';
import { WebSocketServer } from 'ws';
import { connection, connections, liveConnections } from './mock-connections.mjs';
import { engines, order } from './mock-engines.mjs';
import { changes, latency, latencyConnections } from './mock-latency.mjs';
import { nodes, status } from './mock-nodes.mjs';
import { edges, topology } from './mock-topology.mjs';

const PORT = Number(process.argv[2] ?? 7080);
const OUT = fileURLToPath(new URL('../out', import.meta.url));
const DEFAULT_STATE = process.env.UNDERMESH_MOCK ?? 'normal';
const TIMING = { latency, latencyConnections, changes };
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
};

const checked = (schema, value, what) => {
  if (Value.Check(schema, value)) return value;
  const [first] = Value.Errors(schema, value);
  throw new Error(`${what} does not match the schema: ${JSON.stringify(first)}`);
};

const signedIn = (request) => /(?:^|; )operator=yes/.test(request.headers.cookie ?? '');
const stateOf = (request) => /(?:^|; )mock=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? DEFAULT_STATE;

/** Query text to the types the schema names. */
const typed = (parameters) =>
  Object.fromEntries(
    [...parameters].map(([name, value]) => [
      name,
      value === 'true' || value === 'false'
        ? value === 'true'
        : ['window', 'limit', 'maxVertices', 'maxEdges', 'columns', 'minUs', 'maxUs'].includes(name)
          ? Number(value)
          : value,
    ]),
  );

const send = (response, status, body, type = 'application/json') => {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};
const problem = (response, status, code, title) =>
  send(
    response,
    status,
    checked(Problem, { type: 'about:blank', title, status, code }, 'problem'),
    'application/problem+json',
  );

const delimited = (items, format) => {
  if (format === 'ndjson') return items.map((item) => JSON.stringify(item)).join('\n');
  const head = 'openedAt,source,destination,state,reason,lifetimeUs\n';
  return (
    head +
    items
      .map((c) =>
        [c.openedAt, c.source.workload, c.destination.workload, c.state, c.reason ?? '', c.lifetimeUs].join(
          ',',
        ),
      )
      .join('\n')
  );
};

const answer = (request, response, url, state) => {
  const query = typed(url.searchParams);
  const now = Date.now();
  const [, , , name, id] = url.pathname.split('/');
  if (name === 'session' && request.method === 'GET') {
    const operator = signedIn(request) ? 'operator' : null;
    return send(response, 200, checked(ROUTES.session.answer, { operator }, name));
  }
  if (name === 'session') {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const good = request.method === 'DELETE' || JSON.parse(body || '{}').token === 'mock';
      if (!good) return problem(response, 401, 'token_wrong', 'This is not the operator token.');
      const out = request.method === 'DELETE';
      const kept = state === 'locked' ? 'normal' : state;
      response.setHeader('set-cookie', [
        `mock=${out && state === 'locked' ? 'locked' : kept}; Path=/`,
        `operator=${out ? '' : 'yes'}; Path=/`,
      ]);
      response.writeHead(204).end();
    });
    return;
  }
  if (state === 'error') return request.socket.destroy();
  if (state === 'locked') return problem(response, 401, 'unauthorized', 'A token is needed.');
  if (name === 'status') return send(response, 200, checked(ROUTES.status.answer, status(now, state), name));
  if (name === 'engines')
    return send(response, 200, checked(ROUTES.engines.answer, engines(now, state), name));
  if (name === 'routes') {
    const none = { items: [], next: null, total: 0, nodes: [] };
    return send(response, 200, checked(ROUTES.routes.answer, none, name));
  }
  if (name === 'nodes' && request.method === 'PUT') {
    if (!signedIn(request)) return problem(response, 401, 'token_required', 'An operator token is required.');
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const done = order(decodeURIComponent(id), JSON.parse(body), Date.now(), state);
      if (Array.isArray(done)) return problem(response, ...done);
      send(response, 200, checked(ROUTES.engine.answer, done, 'engine'));
    });
    return;
  }
  if (name === 'nodes') return send(response, 200, checked(ROUTES.nodes.answer, nodes(now, state), name));
  if (name === 'topology' || name === 'edges') {
    const { query: shape, answer: schema } = ROUTES[name];
    if (!Value.Check(shape, query)) return problem(response, 400, 'query_invalid', 'The query is not valid.');
    return send(
      response,
      200,
      checked(schema, (name === 'edges' ? edges : topology)(query, now, state), name),
    );
  }
  const extra = { latency: id === undefined ? 'latency' : 'latencyConnections', changes: 'changes' }[name];
  if (extra !== undefined) {
    if (!Value.Check(ROUTES[extra].query, query))
      return problem(response, 400, 'query_invalid', 'The query is not valid.');
    return send(response, 200, checked(ROUTES[extra].answer, TIMING[extra](query, now, state), name));
  }
  if (name === 'connections' && id === undefined) {
    if (!Value.Check(ROUTES.connections.query, query))
      return problem(response, 400, 'query_invalid', 'The query is not valid.');
    if (query.format === 'csv' || query.format === 'ndjson') {
      return send(
        response,
        200,
        delimited(connections({ ...query, limit: 1000 }, now, state).items, query.format),
        query.format === 'csv' ? 'text/csv' : 'application/x-ndjson',
      );
    }
    return send(response, 200, checked(ROUTES.connections.answer, connections(query, now, state), name));
  }
  if (name === 'connections') {
    const found = connection(decodeURIComponent(id), now, state);
    if (found === null)
      return problem(
        response,
        404,
        'connection_unknown',
        'No connection has this id, or its record is gone.',
      );
    return send(response, 200, checked(ROUTES.connection.answer, found, name));
  }
  return problem(response, 404, 'not_found', 'There is no such route.');
};

/** A built file, served from the root. */
const placed = (file) => {
  const text = /^(text|application)\//.test(TYPES[extname(file)] ?? '');
  return text ? placeAt(readFileSync(file, 'utf8'), '') : readFileSync(file);
};

const serveFile = (response, path) => {
  let file = join(OUT, normalize(path));
  if (!file.startsWith(OUT)) return send(response, 400, 'bad path', 'text/plain');
  if (existsSync(file) && statSync(file).isDirectory()) file = join(file, 'index.html');
  if (!existsSync(file)) {
    response.writeHead(404, { 'content-type': TYPES['.html'] });
    return response.end(placed(join(OUT, '404.html')));
  }
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
  return response.end(placed(file));
};

const server = createServer((request, response) => {
  const url = new URL(request.url, `http://localhost:${PORT}`);
  const chosen = url.searchParams.get('mock');
  if (chosen !== null) response.setHeader('set-cookie', `mock=${chosen}; Path=/`);
  try {
    if (url.pathname.startsWith('/api/')) answer(request, response, url, stateOf(request));
    else serveFile(response, decodeURIComponent(url.pathname));
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    problem(response, 500, 'mock_failed', error.message);
  }
});

const live = new WebSocketServer({ noServer: true });
server.on('upgrade', (request, socket, head) => {
  const state = stateOf(request);
  if (['error', 'locked', 'polling'].includes(state)) return socket.destroy();
  live.handleUpgrade(request, socket, head, (client) => serveLive(client, state));
});

const serveLive = (client, state) => {
  const opened = Date.now();
  const timers = new Map();
  const push = (message) => {
    if (client.readyState !== client.OPEN) return;
    try {
      client.send(JSON.stringify(checked(LiveMessage, message, `live ${message.type}`)));
    } catch (error) {
      process.stderr.write(`${error.stack}\n`);
    }
  };
  const frozen = () => state === 'stale' && Date.now() - opened > 4000;
  const start = ({ id, topic, query = {} }) => {
    let sequence = 0;
    let at = Date.now();
    const turn = {
      status: () => push({ type: 'status', id, sequence: sequence++, data: status(Date.now(), state) }),
      engines: () => push({ type: 'engines', id, sequence: sequence++, data: engines(Date.now(), state) }),
      topology: () => {
        const data = topology(query, Date.now(), state);
        if (sequence === 0) return push({ type: 'topology', id, sequence: sequence++, data });
        const { window, hidden, missingNodes, vertices, edges } = data;
        return push({
          type: 'topology-delta',
          id,
          sequence: sequence++,
          window,
          hidden,
          missingNodes,
          vertices,
          edges,
          removedVertices: [],
          removedEdges: [],
        });
      },
      connections: () => {
        const now = Date.now();
        const items =
          sequence === 0
            ? connections({ ...query, limit: 100 }, now, state).items.reverse()
            : liveConnections(query, at, now, state);
        at = now;
        return push({ type: 'connections', id, sequence: sequence++, items, skipped: 0 });
      },
    }[topic];
    const wait = { status: 1000, engines: 1000, topology: 2000, connections: 500 }[topic];
    turn();
    timers.set(
      id,
      setInterval(() => {
        if (!frozen()) turn();
      }, wait),
    );
  };
  client.on('message', (text) => {
    const request = JSON.parse(String(text));
    clearInterval(timers.get(request.id));
    if (request.type === 'subscribe') start(request);
  });
  client.on('close', () => {
    for (const timer of timers.values()) clearInterval(timer);
  });
};

server.listen(PORT, '127.0.0.1', () => process.stdout.write(`mock collector on http://127.0.0.1:${PORT}\n`));
