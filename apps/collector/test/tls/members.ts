// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { ask, type TlsAccess } from '@undermesh/core';
import type { CertificateAnswer, CertificateRequest, Problem } from '@undermesh/schema';
import type { CollectorConfig } from '../../src/config.js';
import { FakeAgent } from '../../test-support/index.js';
import { startCollector, type TestCollector } from '../support/collector.js';

export interface SecureCollector extends TestCollector {
  /** Whom to trust, PEM. */
  readonly ca: string;
  readonly operator: string;
}

/** A collector that encrypts by an authority of its own. */
export async function startSecure(
  change: Partial<Pick<CollectorConfig['tls'], 'agentCertificateSeconds' | 'certificateSeconds'>> = {},
  more: Parameters<typeof startCollector>[0] = {},
  store?: Parameters<typeof startCollector>[1],
): Promise<SecureCollector> {
  const secure = await startCollector({ ...more, tls: { mode: 'own', ...change } }, store);
  const operator = secure.collector.token.reset();
  return { ...secure, ca: secure.collector.tls?.trusted ?? '', operator };
}

export const makeKeyPair = () =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

/** A refusal. */
export interface Refused {
  readonly status: number;
  readonly problem: Problem;
}

/** Asks for a certificate as an agent does. */
export async function requestCertificate(
  { url, ca }: Pick<SecureCollector, 'url' | 'ca'>,
  request: CertificateRequest,
  own: TlsAccess = {},
): Promise<CertificateAnswer | Refused> {
  const { status, text } = await ask(new URL('/ingest/v1/certificate', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
    tls: { ca, ...own },
    timeoutMs: 10_000,
  });
  const body = JSON.parse(text) as CertificateAnswer & Problem;
  return status === 200 ? body : { status, problem: body };
}

/** Joins by a token; what to connect with. */
export async function join(
  secure: SecureCollector,
  node: string,
): Promise<Required<Pick<TlsAccess, 'ca' | 'cert' | 'key'>>> {
  const { token } = await invite(secure, node);
  const { privateKey, publicKey } = makeKeyPair();
  const answer = await requestCertificate(secure, { node, publicKey, token });
  if ('status' in answer) throw new Error(answer.problem.detail);
  return { ca: secure.ca, cert: answer.certificate, key: privateKey };
}

/** What an operator does. */
export async function operate<T>(
  { url, ca, operator }: SecureCollector,
  method: 'POST' | 'DELETE',
  path: string,
): Promise<T & Problem> {
  const { text } = await ask(new URL(`/api/v1/agents/${path}`, url), {
    method,
    headers: { authorization: `Bearer ${operator}` },
    tls: { ca },
    timeoutMs: 10_000,
  });
  return JSON.parse(text) as T & Problem;
}

export const invite = (
  secure: SecureCollector,
  node: string,
): Promise<{ token: string; expiresAt: string }> => operate(secure, 'POST', `${node}/invitation`);

/** An agent with this certificate. */
export const agentWith = ({ url }: Pick<SecureCollector, 'url'>, node: string, tls: TlsAccess): FakeAgent =>
  new FakeAgent({ url, node, credential: '', tls });
