// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate authority of a test's own, and what it says of a server at 127.0.0.1. */
export interface Certificates {
  /** File of the authority's certificate. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes both below `directory`, valid for two days. */
export function makeCertificates(directory: string): Certificates {
  const file = (name: string): string => join(directory, name);
  const make = (name: string, subject: string, ...more: string[]): void => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`), '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...key, ...out, '-subj', `/CN=${subject}`, ...more], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  };
  make('ca', 'undermesh-test-ca');
  const signer = ['-CA', file('ca.crt'), '-CAkey', file('ca.key')];
  make('server', 'kubernetes', ...signer, '-addext', 'subjectAltName=IP:127.0.0.1');
  return {
    authority: file('ca.crt'),
    certificate: readFileSync(file('server.crt'), 'utf8'),
    key: readFileSync(file('server.key'), 'utf8'),
  };
}

/** Writes a kubeconfig for a server with that authority and a bearer token; returns its file. */
export function writeKubeconfig(
  directory: string,
  {
    server,
    authority,
    token,
  }: { readonly server: string; readonly authority: string; readonly token: string },
): string {
  const path = join(directory, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': authority } }],
    users: [{ name: 'agent', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'agent' } }],
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}
