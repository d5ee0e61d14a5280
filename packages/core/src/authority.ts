// SPDX-License-Identifier: Apache-2.0
import { createHash, X509Certificate } from 'node:crypto';
import { ask } from './ask.js';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * SHA-256 of the certificates of a PEM text, one after the other as they stand (DER), in base64url: 43 characters. `null`
 * where there is none, or one that cannot be read.
 */
export function fingerprintOf(pem: string): string | null {
  const certificates = pem.match(PEM);
  if (certificates === null) return null;
  const hash = createHash('sha256');
  try {
    for (const certificate of certificates) hash.update(new X509Certificate(certificate).raw);
  } catch {
    return null;
  }
  return hash.digest('base64url');
}

/**
 * The authority that a collector says is to be trusted, PEM, if it is the one with this fingerprint; `null` otherwise. The
 * connection itself is not verified: the fingerprint is. Rejects with what the network says.
 */
export async function fetchAuthority(url: URL, fingerprint: string): Promise<string | null> {
  const { status, text } = await ask(url, { tls: { rejectUnauthorized: false }, timeoutMs: 10_000 });
  return status === 200 && fingerprintOf(text) === fingerprint ? text : null;
}
