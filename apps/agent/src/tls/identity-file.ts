// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileSync } from '@undermesh/core';
import { CERTIFICATE_SLACK_MS } from '@undermesh/schema';
import type { AgentConfig } from '../config/schema.js';
import { agentError } from '../errors.js';

/** What makes a collector know this agent. */
export interface Identity {
  /** Private key and certificate, PEM. */
  readonly key: string;
  readonly certificate: string;
  /** When the certificate began and ends, Unix ms. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

const BLOCK = /-----BEGIN (PRIVATE KEY|CERTIFICATE)-----[^-]+-----END \1-----\n?/g;

/** Reads dates off a certificate. Throws what the parser says of one that is none. */
export function identityOf(key: string, certificate: string): Identity {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const issuedAt = Date.parse(validFrom) + CERTIFICATE_SLACK_MS;
  return { key, certificate, issuedAt, expiresAt: Date.parse(validTo) };
}

/**
 * Key and certificate of an agent, in one file (0600) so that they always belong together, and beside it the authority that
 * vouches for its collector.
 */
export class IdentityFile {
  readonly directory: string;
  readonly #identity: string;
  readonly #authority: string;

  constructor({ tls, instance, node }: Pick<AgentConfig, 'tls' | 'instance' | 'node'>) {
    this.directory = join(tls.directory, instance || node);
    this.#identity = join(this.directory, 'agent.pem');
    this.#authority = join(this.directory, 'authority.crt');
  }

  /** `null` when the agent has not joined. Throws UndermeshError `identity_unreadable` or `identity_permissions`. */
  read(): Identity | null {
    if (!existsSync(this.#identity)) return null;
    const mode = statSync(this.#identity).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw agentError(
        'identity_permissions',
        `${this.#identity} has mode ${mode.toString(8).padStart(4, '0')}.`,
      );
    }
    try {
      const [key = '', certificate = ''] = readFileSync(this.#identity, 'utf8').match(BLOCK) ?? [];
      return identityOf(key, certificate);
    } catch (cause) {
      throw agentError('identity_unreadable', `${this.#identity} cannot be used.`, cause);
    }
  }

  /** What the agent was told to trust at joining, PEM; `null`: what the system trusts. */
  authority(): string | null {
    return existsSync(this.#authority) ? readFileSync(this.#authority, 'utf8') : null;
  }

  /** Throws UndermeshError `identity_unwritable`. */
  write({ key, certificate }: Identity, authority: string | null): void {
    try {
      mkdirSync(this.directory, { recursive: true, mode: 0o700 });
      if (authority === null) rmSync(this.#authority, { force: true });
      else if (authority !== this.authority()) replaceFileSync(this.#authority, authority);
      replaceFileSync(this.#identity, `${key}${certificate}`);
    } catch (cause) {
      throw agentError(
        'identity_unwritable',
        `Key and certificate cannot be stored in ${this.directory}.`,
        cause,
      );
    }
  }
}
