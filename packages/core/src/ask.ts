// SPDX-License-Identifier: Apache-2.0
import { type IncomingHttpHeaders, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';

/** How the other side is known, and we to it. */
export interface TlsAccess {
  /** Authorities that may vouch for it, PEM; those that the system trusts unless given. */
  readonly ca?: string | undefined;
  /** Name that its certificate has to bear, where that is not the one in the URL. */
  readonly servername?: string | undefined;
  /** Our own certificate and its key, PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** `false` takes any certificate: only for what is verified otherwise. */
  readonly rejectUnauthorized?: false;
}

/** One request to a collector. */
export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls?: TlsAccess;
  /** Ends it after that time, ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Longest answer that is read, bytes: beyond it, something else than a collector talks. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * One HTTP request by a connection of its own, with an authority of the caller's choice: `fetch` takes none. Follows no
 * redirects. Rejects with what the network or the signal says.
 */
export function ask(url: URL, asking: Asking): Promise<Answered> {
  const { method = 'GET', headers = {}, body, tls = {}, timeoutMs, signal } = asking;
  const late = AbortSignal.timeout(timeoutMs);
  const options = {
    method,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` }),
    },
    agent: false as const,
    signal: signal === undefined ? late : AbortSignal.any([signal, late]),
  };
  const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:' ? requestTls(url, { ...options, ...given }) : requestPlain(url, options);
    request.on('error', (error) => reject(late.aborted ? late.reason : told(error)));
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > MOST_BYTES) request.destroy(new Error(`the answer is longer than ${MOST_BYTES} bytes`));
      });
      response.on('end', () => {
        const { statusCode = 0, headers: answered } = response;
        resolve({ status: statusCode, headers: answered, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end(body);
  });
}

/** Of a name with several addresses Node says why each failed, and nothing for all. */
function told(error: NodeJS.ErrnoException): Error {
  if (error.message !== '') return error;
  return Object.assign(new Error(error.code ?? 'it cannot be reached', { cause: error }), {
    code: error.code,
  });
}

/** What TLS says of a certificate that is not to be believed. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Whether something failed because the other side's certificate is not to be believed. */
export const isDistrust = (error: unknown): boolean =>
  error instanceof Error && UNTRUSTED.has((error as NodeJS.ErrnoException).code ?? '');
