// SPDX-License-Identifier: Apache-2.0
import { AGENT_PATHS, CertificateRequest } from '@undermesh/schema';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Credentials } from '../control/credentials.js';
import type { Joining } from '../control/joining.js';
import { CollectorError } from '../errors.js';
import type { Ingest } from '../ingest/ingest.js';
import type { Admitted } from '../ingest/session.js';
import { type CertifiedAgent, certifiedAgent } from '../tls/peer.js';
import { limiter } from './limiter.js';

/** Requests for certificates that are answered per minute: each costs a signature, and perhaps a question to an API server. */
const MOST_REQUESTS = 6_000;

/** Where agents come in. With TLS they need certificates and can get them here; without, credentials. */
export interface DoorParts {
  readonly ingest: Ingest;
  readonly credentials: Credentials;
  /** `null`: without TLS. */
  readonly joining: Joining | null;
  /** What agents are to trust, PEM; `null`: what their systems trust. */
  readonly trusted: () => string | null;
}

/** The routes below {@link AGENT_PATHS}. Whoever is refused is told why, and counted by the code of the reason. */
export function agentDoor(app: FastifyInstance, parts: DoorParts): void {
  const { ingest, joining } = parts;
  const admitted = new WeakMap<FastifyRequest, Admitted>();
  const judged = <T>(judge: () => T): T => {
    try {
      return judge();
    } catch (error) {
      if (error instanceof CollectorError) ingest.rejected(error.code);
      throw error;
    }
  };

  app.get(
    AGENT_PATHS.ingest,
    {
      websocket: true,
      preValidation: async (request) => {
        refusePages(request);
        admitted.set(
          request,
          judged(() =>
            joining === null ? byCredential(request, parts.credentials) : byCertificate(request, joining),
          ),
        );
      },
    },
    (socket, request) => {
      const whom = admitted.get(request);
      if (whom === undefined) socket.terminate();
      else ingest.accept(socket, whom);
    },
  );
  if (joining === null) return;

  app.get(AGENT_PATHS.authority, { schema: { hide: true } }, async (_request, reply) => {
    const authority = parts.trusted();
    if (authority !== null) return reply.type('application/x-pem-file').send(authority);
    throw new CollectorError(
      'not_found',
      'The certificate here is vouched for by an authority that systems know.',
    );
  });
  const spend = limiter(MOST_REQUESTS, 'requests for certificates');
  app.post(AGENT_PATHS.certificate, { schema: { hide: true, body: CertificateRequest } }, async (request) => {
    refusePages(request);
    const body = request.body as CertificateRequest;
    try {
      spend(Date.now());
      return await joining.certify(body, () => certifiedAgent(request.raw.socket, Date.now()));
    } catch (error) {
      if (error instanceof CollectorError) ingest.rejected(error.code);
      throw error;
    }
  });
}

function refusePages({ headers }: FastifyRequest): void {
  if (headers.origin !== undefined)
    throw new CollectorError('origin_not_allowed', 'Agents are not web pages.');
}

function byCertificate(request: FastifyRequest, joining: Joining): CertifiedAgent {
  const agent = certifiedAgent(request.raw.socket, Date.now());
  joining.check(agent);
  return agent;
}

function byCredential({ headers }: FastifyRequest, credentials: Credentials): Admitted {
  const given = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const node = given === undefined ? null : credentials.verify(given);
  if (node !== null) return { node, expiresAt: null };
  throw new CollectorError(
    given === undefined ? 'credential_required' : 'credential_wrong',
    'Send `Authorization: Bearer` with a credential made by `undermesh-collector credential --node NAME`.',
  );
}
