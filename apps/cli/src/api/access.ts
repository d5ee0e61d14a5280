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
}

export interface AccessOptions {
  /** `--collector`. */
  readonly collector?: string | undefined;
  /** `--token-file`; wins over UNDERMESH_TOKEN. */
  readonly tokenFile?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Settles address and token: flags win over the environment. Throws `usage_invalid` or `token_unreadable`. */
export function accessOf({ collector, tokenFile, environment }: AccessOptions): Access {
  const address = collector ?? (environment.UNDERMESH_COLLECTOR || DEFAULT_COLLECTOR);
  const token = tokenFile === undefined ? (environment.UNDERMESH_TOKEN ?? '') : readToken(tokenFile);
  if (/[^\x21-\x7e]/.test(token.trim())) {
    throw cliError('token_unreadable', 'The operator token holds characters that no token has.');
  }
  return { url: collectorUrl(address), token: token.trim() === '' ? null : token.trim() };
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
