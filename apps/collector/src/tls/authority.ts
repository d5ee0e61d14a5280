// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createLogger, fingerprintOf, messageOf, replaceFileSync, UndermeshError } from '@undermesh/core';
import { Issuer, makeAuthority } from './certificates.js';

const log = createLogger('tls');

const KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/;

/**
 * The collector's own certificate authority, key and certificate in one file (0600), made at the first start. Throws
 * UndermeshError `authority_unreadable` for a file that is damaged: a new authority would have all agents join anew, and
 * nobody but the operator may want that.
 */
export async function openAuthority(file: string, cluster: string): Promise<Issuer> {
  if (!existsSync(file)) {
    const { key, certificate } = await makeAuthority(cluster, Date.now());
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    replaceFileSync(file, `${key}${certificate}\n`);
    log.info({ file, fingerprint: fingerprintOf(certificate) }, 'made a certificate authority');
  }
  try {
    const text = readFileSync(file, 'utf8');
    const key = KEY.exec(text)?.[0] ?? '';
    return await Issuer.open({ key, certificate: text.replace(key, '') });
  } catch (cause) {
    throw new UndermeshError({
      code: 'authority_unreadable',
      message: `The certificate authority ${file} cannot be used (${messageOf(cause)}): restore it from a backup; or remove it, and have all agents join anew.`,
      cause,
    });
  }
}
