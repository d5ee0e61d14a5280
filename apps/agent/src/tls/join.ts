// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { messageOf, type TlsAccess } from '@undermesh/core';
import type { AgentConfig } from '../config/schema.js';
import { agentError } from '../errors.js';
import { authorityOf, certify, type Proof } from './certify.js';
import { type Identity, IdentityFile } from './identity-file.js';

/** What of a configuration has to do with who the agent is to its collector. */
export type MembershipConfig = Pick<AgentConfig, 'node' | 'instance' | 'collector' | 'tls' | 'join'>;

/** How the collector is known: by what is configured, else what was learned at joining. Throws UndermeshError `authority_unreadable`. */
export function trustOf(config: MembershipConfig): TlsAccess {
  const { caFile, serverName } = config.tls;
  const servername = serverName === '' ? {} : { servername: serverName };
  const ca = caFile === '' ? new IdentityFile(config).authority() : readAuthority(caFile);
  return ca === null ? servername : { ca, ...servername };
}

/**
 * Joins a collector and stores what it gave. Throws UndermeshError: of a collector that is not to be trusted or reached, of its
 * own code where it refuses, or `identity_unwritable`.
 */
export async function join(config: MembershipConfig, proof: Proof): Promise<Identity> {
  const { node, collector } = config;
  const place = { url: collector.url, tls: await trustBy(config, proof) };
  const { identity, authority } = await certify(place, node, proof);
  new IdentityFile(config).write(identity, authority);
  return identity;
}

/** A token says anew who is to be trusted: what was learned before may be of a collector that is no more. */
async function trustBy(config: MembershipConfig, { token }: Proof): Promise<TlsAccess> {
  const { ca: learned, ...trust } = trustOf(config);
  if (config.tls.caFile !== '' || token === undefined) return { ...trust, ca: learned };
  return { ...trust, ca: await authorityOf(config.collector.url, token) };
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw agentError(
      'authority_unreadable',
      `The authority ${file} cannot be read (${messageOf(cause)}).`,
      cause,
    );
  }
}

/** Throws UndermeshError `join_failed`. */
export function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw agentError('join_failed', `The token file ${file} cannot be read (${messageOf(cause)}).`, cause);
  }
}
