// SPDX-License-Identifier: Apache-2.0
import { type EngineOrder, ROUTES } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import type { Engines } from '../control/engines.js';
import { operatorOf } from './guard.js';
import { limiter } from './limiter.js';
import { type LiveOutlet, type LiveTopics, WrittenBody } from './live.js';
import { NodeParams } from './node-params.js';

/** Orders that are taken per minute, of all operators together. */
const MOST_ORDERS = 300;
/** Between two answers of the live topic at most, and at least. */
const EVERY_MS = 1_000;
const LEAST_MS = 50;

/** GET /engines and PUT /nodes/{name}/engine. */
export function engineRoutes(app: FastifyInstance, engines: Engines): void {
  app.get(
    ROUTES.engines.path,
    {
      schema: {
        summary: 'Engines of all nodes, desired and observed',
        response: { 200: ROUTES.engines.answer },
      },
    },
    async () => engines.read(Date.now()),
  );
  const spend = limiter(MOST_ORDERS, 'orders');
  app.put(
    ROUTES.engine.path,
    {
      schema: {
        summary: 'Set the engine of a node; needs the operator token',
        params: NodeParams,
        body: ROUTES.engine.body,
        response: { 200: ROUTES.engine.answer },
      },
    },
    async (request) => {
      spend(Date.now());
      const { name } = request.params as NodeParams;
      return engines.set(name, request.body as EngineOrder, operatorOf(request));
    },
  );
}

/**
 * Registers the topic `engines`: whole, at once when something changed, though not more often than {@link LEAST_MS}, and
 * every second. Written once for all who listen.
 */
export function registerEnginesTopic(topics: LiveTopics, engines: Engines): void {
  const outlets = new Set<LiveOutlet>();
  let sentMs = Number.NEGATIVE_INFINITY;
  let dueMs = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const written = (): WrittenBody =>
    new WrittenBody(JSON.stringify({ type: 'engines', data: engines.read(Date.now()) }));
  const sendBy = (atMs: number): void => {
    if (atMs >= dueMs) return;
    dueMs = atMs;
    clearTimeout(timer);
    timer = setTimeout(send, Math.max(0, atMs - performance.now()));
  };
  const send = (): void => {
    dueMs = Number.POSITIVE_INFINITY;
    if (outlets.size === 0) return;
    sentMs = performance.now();
    const body = written();
    for (const outlet of outlets) if (!outlet.congested) outlet.send(body);
    sendBy(sentMs + EVERY_MS);
  };
  engines.onChange(() => {
    if (outlets.size > 0) sendBy(sentMs + LEAST_MS);
  });
  topics.register('engines', {
    subscribe(_request, outlet) {
      outlet.send(written());
      outlets.add(outlet);
      sendBy(performance.now() + EVERY_MS);
      return () => outlets.delete(outlet);
    },
  });
}
