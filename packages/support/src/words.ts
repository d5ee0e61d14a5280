// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getSystemErrorMap } from 'node:util';

/** What Node.js and its TLS say when a connection fails, beside the system's own errors; members of log lines. */
const LIBRARY_WORDS = `
  UND_ERR_SOCKET UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT ERR_INVALID_URL ERR_TLS_CERT_ALTNAME_INVALID
  CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_SIGNATURE_FAILURE CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN
  UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE HOSTNAME_MISMATCH
  unable to verify the first certificate self signed certificate in chain has expired is not yet valid local issuer
  fetch failed socket hang up other side closed getaddrinfo connect read write handshake alert bad wrong version number msg level time err stack type
`;

/** Where the programs of this installation lie, seen from this package: beside it; in a checkout, or installed, below apps. */
const PLACES = ['../../', '../../../apps/', '../../../../apps/'];

/**
 * The words that Undermesh itself can say: those of its own programs' code, of the system's errors and of Node.js's. What is
 * none of them was said by somebody else.
 */
export function ownWords(): ReadonlySet<string> {
  const words = new Set<string>();
  const take = (text: string): void => {
    for (const [word] of text.matchAll(/[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*/g)) {
      words.add(word);
      words.add(word.toLowerCase());
    }
  };
  take(LIBRARY_WORDS);
  for (const [name, message] of getSystemErrorMap().values()) take(`${name} ${message}`);
  for (const place of PLACES) {
    const directory = fileURLToPath(new URL(place, import.meta.url));
    for (const part of namesIn(directory)) codeBelow(join(directory, part, 'dist'), take);
  }
  return words;
}

function codeBelow(directory: string, take: (text: string) => void): void {
  for (const name of namesIn(directory, { recursive: true })) {
    if (name.endsWith('.js')) take(readFileSync(join(directory, name), 'utf8'));
  }
}

/** None where there is no such directory. */
function namesIn(directory: string, { recursive = false } = {}): string[] {
  try {
    return readdirSync(directory, { encoding: 'utf8', recursive });
  } catch {
    return [];
  }
}
