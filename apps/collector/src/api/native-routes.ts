// SPDX-License-Identifier: Apache-2.0
import { ROUTES, type RoutesQuery } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import { type RouteParts, routesAnswer } from './route-answer.js';

/** GET /routes. */
export function nativeRoutes(app: FastifyInstance, parts: RouteParts): void {
  app.get(
    ROUTES.routes.path,
    {
      schema: {
        summary: 'Routes that kernels choose by, with hits, and the nodes that run the kernel-native engine',
        querystring: ROUTES.routes.query,
        response: { 200: ROUTES.routes.answer },
      },
    },
    async (request) => routesAnswer(parts, request.query as RoutesQuery, Date.now()),
  );
}
