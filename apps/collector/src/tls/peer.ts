// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { CollectorError } from '../errors.js';
import { agentSubjectOf } from './certificates.js';

/** Who is at the other end of a connection, by its certificate. */
export interface CertifiedAgent {
  readonly node: string;
  readonly joinId: string;
  /** When the certificate ends, Unix ms. */
  readonly expiresAt: number;
}

const JOIN_ANEW = 'Have the agent join anew: `undermesh agents add NODE`, then `undermesh-agent join`.';

/** Whether a connection is encrypted. */
export const isEncrypted = (socket: Socket): boolean => socket instanceof TLSSocket;

/**
 * Who came with a certificate of ours that is good by now. Throws CollectorError `certificate_required`, `certificate_unknown`
 * or `certificate_expired`.
 */
export function certifiedAgent(socket: Socket, now: number): CertifiedAgent {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!(socket instanceof TLSSocket) || certificate === undefined) {
    throw new CollectorError('certificate_required', `The agent showed no certificate. ${JOIN_ANEW}`);
  }
  const expiresAt = Date.parse(certificate.validTo);
  const subject = agentSubjectOf(certificate);
  const problem = socket.authorized ? null : String(socket.authorizationError);
  // By our own clock too: connections live on.
  if (problem === 'CERT_HAS_EXPIRED' || (problem === null && expiresAt <= now)) {
    throw new CollectorError(
      'certificate_expired',
      `The certificate ended on ${new Date(expiresAt).toISOString()}: is the clock of either machine wrong? ${JOIN_ANEW}`,
    );
  }
  if (problem !== null || subject === null) {
    throw new CollectorError(
      'certificate_unknown',
      `The certificate is not one that this collector gave to an agent (${problem ?? 'it names no node'}). ${JOIN_ANEW}`,
    );
  }
  return { ...subject, expiresAt };
}
