// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { messageOf } from '@undermesh/core';
import { cliError } from '../errors.js';

export const DEFAULT_COLLECTOR = 'http://127.0.0.1:7070';

/** Where the collector is, and by what right we ask. */
export interface Access {
  /** Ends with a slash, so that paths below it can be resolved. */
  readonly url: URL;
  /** The operator token; `null` sends none. Never printed. */
  readonly token: string | null;
  /** Who vouches for the collector, where that is not what the system trusts: PEM, or the fingerprint of it. */
  readonly authority: { readonly pem: string } | { readonly fingerprint: string } | null;
}

export interface AccessOptions {
  /** `--collector`. */
  readonly collector?: string | undefined;
  /** `--token-file`; wins over UNDERMESH_TOKEN. */
  readonly tokenFile?: string | undefined;
  /** `--ca`; wins over UNDERMESH_CA. */
  readonly ca?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Settles address, token and whom to trust: flags win over the environment. Throws `usage_invalid`, `token_unreadable` or
 * `authority_unreadable`.
 */
export function accessOf({ collector, tokenFile, ca, environment }: AccessOptions): Access {
  const address = collector ?? (environment.UNDERMESH_COLLECTOR || DEFAULT_COLLECTOR);
  const token = tokenFile === undefined ? (environment.UNDERMESH_TOKEN ?? '') : readToken(tokenFile);
  if (/[^\x21-\x7e]/.test(token.trim())) {
    throw cliError('token_unreadable', 'The operator token holds characters that no token has.');
  }
  const authority = authorityOf(ca ?? environment.UNDERMESH_CA ?? '');
  return { url: collectorUrl(address), token: token.trim() === '' ? null : token.trim(), authority };
}

function collectorUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw cliError('usage_invalid', `'${address}' is no address of a collector: write http://HOST:PORT.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw cliError('usage_invalid', 'The address of the collector takes no user and password.');
  }
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function authorityOf(given: string): Access['authority'] {
  if (given === '') return null;
  const fingerprint = /^sha256:([A-Za-z0-9_-]{43})$/.exec(given)?.[1];
  if (fingerprint !== undefined) return { fingerprint };
  try {
    return { pem: readFileSync(given, 'utf8') };
  } catch (cause) {
    throw cliError('authority_unreadable', `Cannot read the authority: ${messageOf(cause)}.`, cause);
  }
}

function readToken(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw cliError('token_unreadable', `Cannot read the token: ${messageOf(cause)}.`, cause);
  }
  const token = text.trim().replace(/^UNDERMESH_TOKEN=/, '');
  if (token === '') throw cliError('token_unreadable', `${file} is empty.`);
  return token;
}
