// SPDX-License-Identifier: Apache-2.0
import Fastify, { type FastifyInstance } from 'fastify';
import { agentError } from '../errors.js';
import type { AgentMetrics } from './metrics.js';

/** Whether the agent does its work, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** What the server shows. */
export interface HttpOptions {
  readonly metrics: AgentMetrics;
  readonly readiness: () => Readiness;
}

/** `/metrics`, `/healthz` (the process runs) and `/readyz` (hooks attached and the collector reached). */
export function createHttp({ metrics, readiness }: HttpOptions): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true });
  app.get('/metrics', async (_request, reply) => {
    const text = await metrics.text();
    return reply.type(metrics.contentType).send(text);
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const { ready, reasons } = readiness();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', reasons });
  });
  return app;
}

/** Starts listening; answers the port. Throws UndermeshError `listen_failed`. */
export async function listen(app: FastifyInstance, at: { host: string; port: number }): Promise<number> {
  try {
    await app.listen(at);
  } catch (cause) {
    throw agentError('listen_failed', `The agent cannot listen on ${at.host}:${at.port}.`, cause);
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : at.port;
}
