// SPDX-License-Identifier: Apache-2.0
import { type LatencyQuery, ROUTES } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import { type LatencyParts, latencyAnswer } from './latency-answer.js';

/** /latency. */
export function latencyRoutes(app: FastifyInstance, parts: LatencyParts): void {
  app.get(
    ROUTES.latency.path,
    {
      schema: {
        summary: 'How long requests, connects and round trips take',
        querystring: ROUTES.latency.query,
        response: { 200: ROUTES.latency.answer },
      },
    },
    async (request) => latencyAnswer(parts, request.query as LatencyQuery, Date.now()),
  );
}
