// SPDX-License-Identifier: Apache-2.0
import { type EdgesQuery, type Node, ROUTES, type TopologyQuery } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import type { MeshView } from '../aggregate/mesh-view.js';
import type { Engines } from '../control/engines.js';
import type { Agents } from '../ingest/agents.js';
import type { StatusReader } from '../status.js';
import { edgesAnswer } from './edges.js';
import { NodeParams } from './node-params.js';
import { topologyQueryOf } from './view-query.js';

export interface MeshRoutesOptions {
  readonly status: StatusReader;
  readonly view: MeshView;
  readonly agents: Agents;
  readonly engines: Engines;
  /** Open ends of a node. */
  readonly openEndsOf: (node: string) => number;
}

/** /status, /topology, /edges and /nodes. */
export function meshRoutes(app: FastifyInstance, options: MeshRoutesOptions): void {
  const { status, view, agents, engines } = options;
  const describe = (name: string, now: number): Node => ({
    ...agents.describe(name, { now, openEnds: options.openEndsOf(name) }),
    engine: engines.describe(name, now),
  });
  app.get(
    ROUTES.status.path,
    { schema: { summary: 'How the collector and its nodes are', response: { 200: ROUTES.status.answer } } },
    async () => status.read(Date.now()),
  );
  app.get(
    ROUTES.topology.path,
    {
      schema: {
        summary: 'Who talks to whom',
        querystring: ROUTES.topology.query,
        response: { 200: ROUTES.topology.answer },
      },
    },
    async (request) => view.topology(topologyQueryOf(request.query as TopologyQuery), Date.now()),
  );
  app.get(
    ROUTES.edges.path,
    {
      schema: {
        summary: 'Edges with their figures',
        querystring: ROUTES.edges.query,
        response: { 200: ROUTES.edges.answer },
      },
    },
    async (request) => edgesAnswer(view, request.query as EdgesQuery, Date.now()),
  );
  app.get(
    ROUTES.nodes.path,
    { schema: { summary: 'Nodes with their agents', response: { 200: ROUTES.nodes.answer } } },
    async () => {
      const now = Date.now();
      return { items: agents.names().map((name) => describe(name, now)), next: null };
    },
  );
  app.get(
    ROUTES.node.path,
    {
      schema: {
        summary: 'One node with its agent',
        params: NodeParams,
        response: { 200: ROUTES.node.answer },
      },
    },
    async (request) => {
      const { name } = request.params as NodeParams;
      agents.expect(name);
      return describe(name, Date.now());
    },
  );
}
