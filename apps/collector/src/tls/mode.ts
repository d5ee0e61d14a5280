// SPDX-License-Identifier: Apache-2.0
import { UndermeshError } from '@undermesh/core';
import type { CollectorConfig } from '../config.js';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

/** Whether only this machine can call. */
export const isLoopback = (address: string): boolean => LOOPBACK.test(address);

/** How what is served is encrypted. Throws UndermeshError `config_invalid` for what is not safe, or does not go together. */
export function tlsModeOf({ listen, tls, join }: CollectorConfig): 'own' | 'files' | 'off' {
  const local = isLoopback(listen.address);
  const mode = tls.mode === 'auto' ? (local ? 'off' : 'own') : tls.mode;
  if (mode === 'off' && !local && !tls.insecure) {
    throw invalid(
      `collector.tls.mode is off, and collector.listen.address is ${listen.address}: tokens and records could be read on the way. Set collector.tls.mode to own or files, listen on 127.0.0.1, or set collector.tls.insecure to true if something else encrypts`,
    );
  }
  const { certificateFile, keyFile } = tls;
  if (mode === 'files' && (certificateFile === '' || keyFile === '')) {
    throw invalid(
      'collector.tls.mode is files: set collector.tls.certificateFile and collector.tls.keyFile, or mode to own',
    );
  }
  if (mode !== 'files' && (certificateFile !== '' || keyFile !== '' || tls.caFile !== '')) {
    throw invalid(
      `collector.tls.certificateFile, keyFile and caFile belong to collector.tls.mode files, and it is ${mode}`,
    );
  }
  if (mode === 'off' && join.kubernetes.enabled) {
    throw invalid('collector.join.kubernetes.enabled needs TLS: set collector.tls.mode to own or files');
  }
  return mode;
}

const invalid = (what: string): UndermeshError =>
  new UndermeshError({ code: 'config_invalid', message: `Cannot use the configuration: ${what}.` });
