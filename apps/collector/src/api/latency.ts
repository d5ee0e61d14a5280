// SPDX-License-Identifier: Apache-2.0
import { type LatencyConnectionsQuery, type LatencyQuery, ROUTES } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import type { RecordStore } from '../store/store.js';
import { type LatencyParts, latencyAnswer } from './latency-answer.js';

export interface LatencyRoutesOptions extends LatencyParts {
  readonly store: RecordStore;
}

/** /latency, and /latency/connections for a region of its heat map. */
export function latencyRoutes(app: FastifyInstance, { store, ...parts }: LatencyRoutesOptions): void {
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
  app.get(
    ROUTES.latencyConnections.path,
    {
      schema: {
        summary: 'Connections in a region of the heat map, and how they differ from the rest',
        querystring: ROUTES.latencyConnections.query,
        response: { 200: ROUTES.latencyConnections.answer },
      },
    },
    async (request) => store.latencyConnections(request.query as LatencyConnectionsQuery),
  );
}
