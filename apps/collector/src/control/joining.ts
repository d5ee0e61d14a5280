// SPDX-License-Identifier: Apache-2.0
import { createHash, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { fingerprintOf } from '@undermesh/core';
import {
  type CertificateAnswer,
  type CertificateRequest,
  formatJoinToken,
  type Invitation,
  type JoinedBy,
  NAME_PATTERN,
  parseJoinToken,
} from '@undermesh/schema';
import { CollectorError } from '../errors.js';
import { type Issuer, makeJoinId } from '../tls/certificates.js';
import type { CertifiedAgent } from '../tls/peer.js';
import type { ChangeLog } from './change-log.js';

/** Asks who a token of a service account belongs to, and on which node its pod runs. */
export interface ServiceAccountReview {
  /** The node. Throws CollectorError `service_account_wrong` or `review_failed`. */
  nodeOf(token: string): Promise<string>;
}

export interface JoiningParts {
  readonly log: ChangeLog;
  readonly issuer: Issuer;
  /** What agents are to trust, PEM; `null`: what their systems trust. */
  readonly trusted: () => string | null;
  /** Life of the certificate of an agent, and of a join token, ms. */
  readonly certificateMs: number;
  readonly tokenMs: number;
  /** `null`: agents of no cluster join here. */
  readonly review: ServiceAccountReview | null;
  /** Ends the connection of a node's agent. */
  readonly hangUp: (node: string, error: CollectorError) => void;
  readonly now: () => number;
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** Gives certificates to agents, and takes their right to one away. All of it is in the change log before it is answered. */
export class Joining {
  readonly #parts: JoiningParts;
  /** Tokens that are being used: none is used twice at a time. */
  readonly #using = new Set<string>();

  constructor(parts: JoiningParts) {
    this.#parts = parts;
  }

  /** Makes a join token for a node; a former one that was not used is void. A node that was removed may join again. */
  async invite(node: string, who: string): Promise<Invitation> {
    const { log, now, tokenMs, trusted } = this.#parts;
    if (!new RegExp(NAME_PATTERN).test(node)) {
      throw new CollectorError(
        'request_invalid',
        `${JSON.stringify(node)} cannot be a node name: use 1 to 253 letters, digits and any of _ . : @ / -`,
      );
    }
    const secret = randomBytes(32).toString('base64url');
    const expiresAt = new Date(now() + tokenMs).toISOString();
    const authority = trusted();
    await log.record({
      ...this.#change('agent_invited', node),
      who,
      admission: { invitation: sha256(secret), expiresAt },
    });
    const fingerprint = authority === null ? null : fingerprintOf(authority);
    return { node, token: formatJoinToken({ fingerprint, secret }), expiresAt };
  }

  /** Refuses the certificate of a node's agent from now on and hangs up on it. Throws CollectorError `node_unknown`. */
  async remove(node: string, who: string): Promise<void> {
    const { log, hangUp } = this.#parts;
    if (log.roll.of(node) === null && !log.known.nodes.has(node)) {
      throw new CollectorError('node_unknown', `No agent of ${node} has joined or was invited.`);
    }
    await log.record({ ...this.#change('agent_removed', node), who });
    hangUp(node, removed(node));
  }

  /** Throws CollectorError `agent_removed` or `certificate_replaced` for a certificate that is no longer believed. */
  check({ node, joinId }: CertifiedAgent): void {
    switch (this.#parts.log.roll.objection(node, joinId)) {
      case 'agent_removed':
        throw removed(node);
      case 'certificate_replaced':
        throw new CollectorError(
          'certificate_replaced',
          `Another agent has joined as ${node} since, and this certificate is void: does another machine use the name?`,
        );
      case null:
    }
  }

  /**
   * Answers an agent that asks for a certificate.
   * @param certified whom the connection belongs to; called where the request brings no token, may throw.
   */
  async certify(request: CertificateRequest, certified: () => CertifiedAgent): Promise<CertificateAnswer> {
    const key = publicKeyOf(request.publicKey);
    if (request.token !== undefined) return this.#joinByToken(request, request.token, key);
    if (request.serviceAccountToken !== undefined) {
      return this.#joinByServiceAccount(request, request.serviceAccountToken, key);
    }
    const agent = certified();
    this.check(agent);
    checkNode(request, agent.node, 'The certificate');
    return this.#issue(agent, key);
  }

  async #joinByToken(request: CertificateRequest, token: string, key: KeyObject): Promise<CertificateAnswer> {
    const { log, now } = this.#parts;
    const parsed = parseJoinToken(token);
    const invitation = parsed === null ? '' : sha256(parsed.secret);
    const node = log.roll.invitedBy(invitation);
    const entry = node === null ? null : log.roll.of(node);
    if (node === null || entry === null) {
      throw new CollectorError(
        'join_token_wrong',
        'The collector does not know this join token, or made a newer one for the node. Make one: `undermesh agents add NODE`.',
      );
    }
    checkNode(request, node, 'The join token');
    const { member } = entry;
    const publicKey = sha256(spki(key));
    if (member?.invitation === invitation) {
      // An answer may be lost on its way: who joined with this key may ask again.
      if (member.publicKey === publicKey && member.joinId !== undefined) {
        return this.#issue({ node, joinId: member.joinId }, key);
      }
      throw new CollectorError(
        'join_token_used',
        `${node} has joined by this token already. Make another: \`undermesh agents add ${node}\`.`,
      );
    }
    if (now() >= Date.parse(entry.invitation?.expiresAt ?? '')) {
      throw new CollectorError(
        'join_token_expired',
        `The join token of ${node} ended on ${entry.invitation?.expiresAt}. Make another: \`undermesh agents add ${node}\`.`,
      );
    }
    if (this.#using.has(invitation)) {
      throw new CollectorError('join_token_used', `Another agent is joining as ${node} by this token.`);
    }
    this.#using.add(invitation);
    try {
      return await this.#join(node, key, { joinedBy: 'token', invitation });
    } finally {
      this.#using.delete(invitation);
    }
  }

  async #joinByServiceAccount(
    request: CertificateRequest,
    token: string,
    key: KeyObject,
  ): Promise<CertificateAnswer> {
    const { log, review } = this.#parts;
    if (review === null) {
      throw new CollectorError(
        'join_not_enabled',
        'No service account is taken here. Set collector.join.kubernetes.enabled, or join by a token.',
      );
    }
    const node = await review.nodeOf(token);
    checkNode(request, node, 'The service account token');
    if (log.roll.of(node)?.state === 'removed') throw removed(node);
    return this.#join(node, key, { joinedBy: 'kubernetes' });
  }

  async #join(
    node: string,
    key: KeyObject,
    how: { readonly joinedBy: JoinedBy; readonly invitation?: string },
  ): Promise<CertificateAnswer> {
    const joinId = makeJoinId();
    const answer = await this.#issue({ node, joinId }, key);
    await this.#parts.log.record({
      ...this.#change('agent_joined', node),
      detail: how.joinedBy === 'token' ? 'by a join token' : 'by its service account',
      admission: { ...how, joinId, publicKey: sha256(spki(key)) },
    });
    return answer;
  }

  async #issue(
    { node, joinId }: Pick<CertifiedAgent, 'node' | 'joinId'>,
    key: KeyObject,
  ): Promise<CertificateAnswer> {
    const { issuer, trusted, certificateMs, now } = this.#parts;
    const subject = { node, joinId, publicKey: spki(key) };
    const certificate = await issuer.agent(subject, { now: now(), milliseconds: certificateMs });
    return { certificate, authority: trusted() };
  }

  #change(kind: 'agent_invited' | 'agent_joined' | 'agent_removed', subject: string) {
    const time = new Date(this.#parts.now()).toISOString();
    return { time, kind, subject, before: null, after: null };
  }
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** P-256 is what all TLS 1.3 has (RFC 8446, 9.1). */
function publicKeyOf(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new CollectorError('request_invalid', 'The public key is no SPKI in PEM.', cause);
  }
  // A private key is taken for its public half: none may be sent.
  const isPublic = pem.trimStart().startsWith('-----BEGIN PUBLIC KEY-----');
  if (!isPublic || key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new CollectorError('request_invalid', 'The public key has to be one of P-256.');
  }
  return key;
}

function checkNode({ node }: CertificateRequest, own: string, what: string): void {
  if (node === own) return;
  throw new CollectorError(
    'node_not_yours',
    `${what} belongs to ${own}, the agent calls itself ${node}: set agent.node, or have each node join by itself.`,
  );
}

const removed = (node: string): CollectorError =>
  new CollectorError(
    'agent_removed',
    `An operator removed the agent of ${node}. To have it back: \`undermesh agents add ${node}\`, then \`undermesh-agent join\`.`,
  );
