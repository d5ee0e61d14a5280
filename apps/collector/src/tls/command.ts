// SPDX-License-Identifier: Apache-2.0
import { fingerprintOf, UndermeshError } from '@undermesh/core';
import type { CollectorConfig } from '../config.js';
import { ServerTls } from './server-tls.js';

/**
 * `undermesh-collector authority`: what callers of this collector are to trust, PEM, behind a line with its fingerprint.
 * Throws UndermeshError `config_invalid` where there is nothing of the kind.
 */
export async function authorityText(config: CollectorConfig): Promise<string> {
  const trusted = (await ServerTls.open(config))?.trusted;
  if (trusted == null) {
    throw new UndermeshError({
      code: 'config_invalid',
      message:
        'There is no authority of this collector: it does not encrypt, or by a certificate that systems trust by themselves.',
    });
  }
  return `# sha256:${fingerprintOf(trusted)}\n${trusted.trimEnd()}\n`;
}
