// SPDX-License-Identifier: Apache-2.0
import { type EngineOrder, ROUTES } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import type { Engines } from '../control/engines.js';
import { CollectorError } from '../errors.js';
import { operatorOf } from './guard.js';
import type { LiveTopics } from './live.js';
import { NodeParams } from './node-params.js';

/** Orders that are taken per minute, of all operators together. */
const MOST_ORDERS = 300;
const MINUTE_MS = 60_000;
const EVERY_MS = 1_000;

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
  const spend = limiter();
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

/** Throws CollectorError `too_many_writes` for more than {@link MOST_ORDERS} calls within a minute. */
function limiter(): (now: number) => void {
  let beganAt = 0;
  let spent = 0;
  return (now) => {
    if (now - beganAt >= MINUTE_MS) {
      beganAt = now;
      spent = 0;
    }
    if (++spent > MOST_ORDERS) {
      throw new CollectorError(
        'too_many_writes',
        `No more than ${MOST_ORDERS} orders are taken in a minute.`,
      );
    }
  };
}

/** Registers the topic `engines`: whole, at once when something changed, and every second. */
export function registerEnginesTopic(topics: LiveTopics, engines: Engines): void {
  topics.register('engines', {
    subscribe(_request, outlet) {
      let pending: NodeJS.Immediate | null = null;
      const send = (): void => {
        pending = null;
        if (!outlet.congested) outlet.send({ type: 'engines', data: engines.read(Date.now()) });
      };
      send();
      // What changes in one turn is told once.
      const stop = engines.onChange(() => {
        pending ??= setImmediate(send);
      });
      const timer = setInterval(send, EVERY_MS);
      return () => {
        stop();
        clearInterval(timer);
        if (pending !== null) clearImmediate(pending);
      };
    },
  });
}
