// SPDX-License-Identifier: Apache-2.0
import { type AgentMember, ROUTES } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import { toTime } from '../aggregate/mesh-view.js';
import type { ChangeLog } from '../control/change-log.js';
import type { Joining } from '../control/joining.js';
import { CollectorError } from '../errors.js';
import { operatorOf } from './guard.js';
import { NodeParams } from './node-params.js';

export interface AgentsParts {
  readonly log: ChangeLog;
  /** `null`: nothing is encrypted here, and agents come with credential files. */
  readonly joining: Joining | null;
  readonly isConnected: (node: string) => boolean;
  /** When the certificate that a node is connected with ends, Unix ms. */
  readonly expiryOf: (node: string) => number | null;
}

/** GET /agents, POST /agents/{name}/invitation and DELETE /agents/{name}: who may come in as the agent of which node. */
export function agentsRoutes(app: FastifyInstance, parts: AgentsParts): void {
  app.get(
    ROUTES.agents.path,
    {
      schema: {
        summary: 'Agents that have joined, were invited or removed',
        response: { 200: ROUTES.agents.answer },
      },
    },
    async () => {
      const nodes = [...parts.log.roll.all()].map(([node]) => node).sort();
      return { items: nodes.flatMap((node) => memberOf(parts, node) ?? []), next: null };
    },
  );
  app.post(
    ROUTES.invitation.path,
    {
      schema: {
        summary: 'Make a join token for the agent of a node; needs the operator token',
        params: NodeParams,
        response: { 201: ROUTES.invitation.answer },
      },
    },
    async (request, reply) => {
      const { name } = request.params as NodeParams;
      return reply.code(201).send(await joiningOf(parts).invite(name, operatorOf(request)));
    },
  );
  app.delete(
    ROUTES.agent.path,
    {
      schema: {
        summary: 'Refuse the certificate of the agent of a node from now on; needs the operator token',
        params: NodeParams,
        response: { 200: ROUTES.agent.answer },
      },
    },
    async (request) => {
      const { name } = request.params as NodeParams;
      await joiningOf(parts).remove(name, operatorOf(request));
      return memberOf(parts, name);
    },
  );
}

function joiningOf({ joining }: AgentsParts): Joining {
  if (joining !== null) return joining;
  throw new CollectorError(
    'join_not_enabled',
    'This collector does not encrypt, so that agents come with credential files: `undermesh-collector credential --node NAME`. For certificates set collector.tls.mode.',
  );
}

function memberOf({ log, isConnected, expiryOf }: AgentsParts, node: string): AgentMember | null {
  const entry = log.roll.of(node);
  if (entry === null) return null;
  const { state, since, member } = entry;
  const expiresAt = expiryOf(node);
  return {
    node,
    state,
    since,
    connected: isConnected(node),
    joinedBy: member?.joinedBy ?? null,
    expiresAt: expiresAt === null ? null : toTime(expiresAt),
  };
}
