// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import type { Server } from 'node:tls';
import { fileURLToPath } from 'node:url';
import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import websocket from '@fastify/websocket';
import { createLogger } from '@undermesh/core';
import { FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES } from '@undermesh/schema';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  LogController,
} from 'fastify';
import { agentDoor } from './api/agent-door.js';
import { agentsRoutes } from './api/agents.js';
import { basePathOf, withoutBasePath } from './api/base-path.js';
import { browserSessionRoutes } from './api/browser-session.js';
import { changesRoutes } from './api/changes.js';
import { connectionsRoutes } from './api/connections.js';
import { dashboard, securityHeaders } from './api/dashboard.js';
import { engineRoutes, registerEnginesTopic } from './api/engines.js';
import { guard } from './api/guard.js';
import { latencyRoutes } from './api/latency.js';
import { registerConnectionsTopic } from './api/live-connections.js';
import { registerMeshTopics } from './api/live-mesh.js';
import { liveRoute } from './api/live-socket.js';
import { nativeRoutes } from './api/native-routes.js';
import { answerProblem, notFound } from './api/problem.js';
import { trustedProxies } from './api/proxies.js';
import { meshRoutes } from './api/routes.js';
import { supportRoute } from './api/support.js';
import { typeboxValidator } from './api/validator.js';
import type { Collector } from './collector.js';
import { isLoopback } from './tls/mode.js';
import { VERSION } from './version.js';

const log = createLogger('server');
/** Where `npm run build` leaves the dashboard, seen from this program. */
const DASHBOARD = fileURLToPath(new URL('../../web/out', import.meta.url));

/** Puts the HTTP server together: one plugin or function per concern. */
export async function buildServer(collector: Collector): Promise<FastifyInstance> {
  const { config } = collector;
  const basePath = basePathOf(config.basePath);
  const { tls } = collector;
  const app = fastify({
    ...(tls === null ? {} : { https: tls.options }),
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 65_536,
    routerOptions: { maxParamLength: 512 },
    forceCloseConnections: true,
    trustProxy: trustedProxies(config.trustedProxies),
    rewriteUrl: ({ url = '/' }) => withoutBasePath(url, basePath),
  }) as unknown as FastifyInstance;
  if (tls !== null) tls.attach(app.server as unknown as Server);
  app.setValidatorCompiler(typeboxValidator);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler(answerProblem);
  await app.register(cookie);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Undermesh collector',
        version: VERSION,
        description: 'Errors are RFC 9457 problem details.',
      },
      servers: [{ url: basePath || '/' }],
    },
  });
  await app.register(websocket, {
    options: { maxPayload: FRAME_HEADER_BYTES + MAX_PAYLOAD_BYTES, perMessageDeflate: false },
    errorHandler: (error, socket) => {
      log.debug({ err: error }, 'a WebSocket failed');
      socket.terminate();
    },
  });
  securityHeaders(app);
  // Not with an authority of our own: a browser that was told so could never again go past its warning.
  if (tls?.isOperators === true) app.addHook('onSend', strictTransport);
  const { read } = config.auth;
  const isLocal = isLoopback(config.listen.address) && config.trustedProxies.length === 0;
  const openRead = read === 'open' || (read === 'auto' && isLocal);
  guard(app, { hosts: config.hosts, openRead, token: collector.token });

  const workloads = (id: number) => collector.placements.get(id);
  registerMeshTopics(collector.topics, collector);
  registerConnectionsTopic(collector.topics, { feed: collector.ingest.intake, workloads });
  registerEnginesTopic(collector.topics, collector.engines);
  const missing = dashboard(app, { directory: config.web || DASHBOARD, basePath });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    if (request.method === 'GET' || request.method === 'HEAD') {
      const page = missing(path, reply);
      if (page !== null) return page;
    }
    return answerProblem(notFound(request), request, reply);
  });
  // Routes are registered as a plugin so that swagger sees them.
  await app.register(async (routes) => {
    meshRoutes(routes, {
      status: collector.status,
      view: collector.view,
      agents: collector.agents,
      engines: collector.engines,
      openEndsOf: (node) => collector.view.openEndsOf(node),
    });
    engineRoutes(routes, collector.engines);
    nativeRoutes(routes, {
      agents: collector.agents,
      taken: collector.aggregator.requestTally.routes,
      edges: collector.aggregator.edges,
      placements: collector.placements,
      engineOf: (node) => collector.engines.describe(node, Date.now()).observed,
    });
    latencyRoutes(routes, {
      store: collector.store,
      view: collector.view,
      aggregator: collector.aggregator,
      placements: collector.placements,
      grouping: collector.view.grouping,
    });
    changesRoutes(routes, {
      log: collector.changes,
      edges: collector.aggregator.edges,
      placements: collector.placements,
    });
    connectionsRoutes(routes, {
      store: collector.store,
      open: collector.aggregator.open,
      workloads,
      native: collector.agents.native,
    });
    browserSessionRoutes(routes, { token: collector.token, cookiePath: `${basePath}/` });
    liveRoute(routes, {
      topics: collector.topics,
      subscriptions: config.limits.subscriptions,
      clients: config.limits.liveClients,
    });
    agentsRoutes(routes, {
      log: collector.changes,
      joining: collector.joining,
      isConnected: (node) => collector.agents.get(node)?.connected ?? false,
      expiryOf: (node) => collector.ingest.expiryOf(node),
    });
    agentDoor(routes, {
      ingest: collector.ingest,
      credentials: collector.credentials,
      joining: collector.joining,
      trusted: () => collector.tls?.trusted ?? null,
    });
    supportRoute(routes, config);
    plumbing(routes, collector);
  });
  return app;
}

async function strictTransport(_request: unknown, reply: FastifyReply): Promise<void> {
  reply.header('strict-transport-security', 'max-age=31536000');
}

/** Scrapers and probes. */
function plumbing(app: FastifyInstance, collector: Collector): void {
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const text = Readable.from(collector.prometheus.write(), { objectMode: false });
    return reply.type(collector.prometheus.contentType).send(text);
  });
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }));
  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const { ready } = collector;
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
