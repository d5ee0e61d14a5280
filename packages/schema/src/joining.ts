// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { NAME_PATTERN } from './messages.js';
import { literals, Nullable, Time } from './shape.js';

/** Paths that agents use, below the collector's address. */
export const AGENT_PATHS = {
  ingest: '/ingest/v1',
  /** GET: the authority that agents are to trust, PEM. */
  authority: '/ingest/v1/authority',
  /** POST {@link CertificateRequest}. */
  certificate: '/ingest/v1/certificate',
} as const;

/** Codes of refusals that joining anew mends. */
export const REJOIN_CODES: readonly string[] = [
  'certificate_unknown',
  'certificate_expired',
  'certificate_replaced',
];

/**
 * What an agent asks for a certificate with: a token of `undermesh agents add`, one of its service account, or neither
 * on a connection that it made with a certificate that is still good.
 */
export const CertificateRequest = Type.Object(
  {
    node: Type.String({ pattern: NAME_PATTERN }),
    /** P-256, SPKI in PEM. Its private half never leaves the agent's machine. */
    publicKey: Type.String({ maxLength: 1024 }),
    token: Type.Optional(Type.String({ maxLength: 256 })),
    serviceAccountToken: Type.Optional(Type.String({ maxLength: 16_384 })),
  },
  { additionalProperties: false },
);
export type CertificateRequest = Static<typeof CertificateRequest>;

export const CertificateAnswer = Type.Object({
  /** PEM. */
  certificate: Type.String(),
  /** What the agent is to trust from now on, PEM; `null`: what its system trusts. */
  authority: Nullable(Type.String()),
});
export type CertificateAnswer = Static<typeof CertificateAnswer>;

/** What makes one agent join, once. */
export const Invitation = Type.Object({
  node: Type.String(),
  token: Type.String(),
  expiresAt: Time,
});
export type Invitation = Static<typeof Invitation>;

/** How an agent came by its certificate. */
export const JOINED_BY = ['token', 'kubernetes'] as const;
export type JoinedBy = (typeof JOINED_BY)[number];

/** One agent as far as it has to do with certificates. */
export const AgentMember = Type.Object({
  node: Type.String(),
  /** `invited`: has a token and no certificate; `removed`: what certificate it has is refused. */
  state: literals(['invited', 'joined', 'removed'] as const),
  connected: Type.Boolean(),
  joinedBy: Nullable(literals(JOINED_BY)),
  /** When it joined, or was removed or invited. */
  since: Time,
  /** Of the certificate that it is connected with. */
  expiresAt: Nullable(Time),
});
export type AgentMember = Static<typeof AgentMember>;

export const AgentMembers = Type.Object({ items: Type.Array(AgentMember), next: Type.Null() });
export type AgentMembers = Static<typeof AgentMembers>;

/** The parts of a join token: whom to trust, where that is not what the system trusts, and what is to be shown. */
export interface JoinToken {
  /** Of the authority, as `fingerprintOf` in packages/core makes it. */
  readonly fingerprint: string | null;
  readonly secret: string;
}

const TOKEN = /^umj_(?:([A-Za-z0-9_-]{43})\.)?([A-Za-z0-9_-]{43})$/;

export const formatJoinToken = ({ fingerprint, secret }: JoinToken): string =>
  fingerprint === null ? `umj_${secret}` : `umj_${fingerprint}.${secret}`;

/** `null` for what is no join token. */
export function parseJoinToken(text: string): JoinToken | null {
  const [, fingerprint = null, secret] = TOKEN.exec(text.trim()) ?? [];
  return secret === undefined ? null : { fingerprint, secret };
}

/** Certificates are good from so long before they are made: clocks differ. */
export const CERTIFICATE_SLACK_MS = 300_000;
