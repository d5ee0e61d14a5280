// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Answered,
  ask,
  fetchAuthority,
  isDistrust,
  messageOf,
  type TlsAccess,
  UndermeshError,
} from '@undermesh/core';
import {
  AGENT_PATHS,
  CertificateAnswer,
  type CertificateRequest,
  Problem,
  parseJoinToken,
} from '@undermesh/schema';
import Value from 'typebox/value';
import { agentError } from '../errors.js';
import { type Identity, identityOf } from './identity-file.js';

const PATIENCE_MS = 15_000;
const ATTEMPTS = 3;
const PAUSE_MS = 500;

/** What an agent shows when it asks for a certificate; nothing where its connection shows one. */
export type Proof = Pick<CertificateRequest, 'token' | 'serviceAccountToken'>;

/** Where a collector is, and how it is known. */
export interface Place {
  /** `agent.collector.url`. */
  readonly url: string;
  readonly tls: TlsAccess;
}

/** A certificate, and what is to be trusted from now on: PEM, or `null` for what the system trusts. */
export interface Certified {
  readonly identity: Identity;
  readonly authority: string | null;
}

/** One of the addresses of a collector, as https: or http: URL: beside the one that agents connect to. */
export function addressOf(url: string, path: string): URL {
  const address = new URL(url.replace(/^ws/, 'http'));
  const below = address.pathname.endsWith(AGENT_PATHS.ingest)
    ? address.pathname.slice(0, -AGENT_PATHS.ingest.length)
    : '';
  address.pathname = `${below}${path}`;
  return address;
}

/**
 * Makes a key, which stays here, and asks the collector for its certificate. Throws UndermeshError `collector_untrusted`,
 * `collector_unreachable`, or what the collector answered under its own code.
 */
export async function certify(place: Place, node: string, proof: Proof = {}): Promise<Certified> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  // An answer that was lost is given again for the same key.
  for (let attempt = 1; ; attempt++) {
    try {
      return await certifyKey(place, { node, publicKey, ...proof }, privateKey);
    } catch (error) {
      const isOver = !(error instanceof UndermeshError) || error.code !== 'collector_unreachable';
      if (isOver || attempt === ATTEMPTS) throw error;
      await pause(PAUSE_MS);
    }
  }
}

async function certifyKey(place: Place, request: CertificateRequest, key: string): Promise<Certified> {
  const url = addressOf(place.url, AGENT_PATHS.certificate);
  if (url.protocol !== 'https:') {
    throw agentError(
      'collector_untrusted',
      `Certificates are given over TLS only, and ${url.origin} is without.`,
    );
  }
  const answer = await asked(url, () =>
    ask(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(request),
      tls: place.tls,
      timeoutMs: PATIENCE_MS,
    }),
  );
  const body = parse(answer.text);
  if (answer.status === 200 && Value.Check(CertificateAnswer, body)) {
    return { identity: identityOf(key, body.certificate), authority: body.authority };
  }
  throw refusalOf(answer.status, body);
}

/** What a join token says is to be trusted. Throws as {@link certify} does. */
export async function authorityOf(url: string, token: string): Promise<string | undefined> {
  const fingerprint = parseJoinToken(token)?.fingerprint;
  if (fingerprint === undefined) {
    throw agentError('join_failed', 'What was given is no join token: they begin with umj_.');
  }
  if (fingerprint === null) return undefined;
  const address = addressOf(url, AGENT_PATHS.authority);
  const authority = await asked(address, () => fetchAuthority(address, fingerprint));
  if (authority !== null) return authority;
  throw agentError(
    'collector_untrusted',
    `What answers at ${address.host} is not the collector that made the token.`,
  );
}

/** A collector's refusal, as an error of its own code. */
export function refusalOf(status: number, body: unknown): UndermeshError {
  if (Value.Check(Problem, body)) {
    return new UndermeshError({
      code: body.code,
      message: `The collector refuses the agent: ${body.detail ?? body.title}`,
    });
  }
  return agentError('uplink_refused', `The collector answered ${status} to the agent.`);
}

/** The JSON document of an answer; `undefined` for what is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const asked = async <T extends Answered | string | null>(url: URL, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw (
      distrust(error, url.host) ??
      agentError('collector_unreachable', `${url.host} cannot be asked: ${messageOf(error)}.`, error)
    );
  }
};

/** An error that says that the collector is not known by its certificate; `null` for any other. */
export function distrust(error: unknown, host: string): UndermeshError | null {
  if (!isDistrust(error)) return null;
  return agentError(
    'collector_untrusted',
    `The certificate that ${host} shows is not to be trusted (${messageOf(error)}).`,
    error,
  );
}
