// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { ask, fetchAuthority, fingerprintOf } from '@undermesh/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Issuer, makeAuthority } from '../../src/tls/certificates.js';
import { authorityText } from '../../src/tls/command.js';
import { tlsModeOf } from '../../src/tls/mode.js';
import { ServerTls } from '../../src/tls/server-tls.js';
import { startCollector, testConfig } from '../support/collector.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-tls-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const HOUR = { now: Date.now(), milliseconds: 3_600_000 };

/** An operator's authority, certificate and key, as files. */
async function operatorsFiles() {
  const issuer = await Issuer.open(await makeAuthority('operator', Date.now()));
  const file = (name: string): string => join(directory, name);
  const write = async (): Promise<void> => {
    const { key, certificate } = await issuer.server(['127.0.0.1', 'mesh.example'], HOUR);
    writeFileSync(file('tls.key'), key);
    writeFileSync(file('tls.crt'), certificate);
  };
  await write();
  writeFileSync(file('ca.crt'), issuer.certificate);
  const tls = {
    mode: 'files' as const,
    certificateFile: file('tls.crt'),
    keyFile: file('tls.key'),
    caFile: file('ca.crt'),
  };
  return { tls, write, ca: issuer.certificate };
}

describe('what is encrypted', () => {
  it.each([
    ['127.0.0.1', {}, 'off'],
    ['::1', {}, 'off'],
    ['0.0.0.0', {}, 'own'],
    ['10.0.0.1', { mode: 'off', insecure: true }, 'off'],
    ['127.0.0.1', { mode: 'own' }, 'own'],
  ] as const)('on %s with %j: %s', (address, tls, mode) => {
    expect(tlsModeOf(testConfig({ listen: { address }, tls }))).toBe(mode);
  });

  it.each([
    [{ listen: { address: '0.0.0.0' }, tls: { mode: 'off' as const } }, 'collector.tls.insecure'],
    [{ tls: { mode: 'files' as const } }, 'set collector.tls.certificateFile'],
    [{ tls: { mode: 'own' as const, keyFile: 'x' } }, 'belong to collector.tls.mode files'],
    [{ join: { kubernetes: { enabled: true } } }, 'needs TLS'],
  ])('%j is refused, and why', (change, why) => {
    expect(() => tlsModeOf(testConfig(change))).toThrow(why);
  });

  it('a collector that would listen without it does not start', async () => {
    await expect(startCollector({ listen: { address: '0.0.0.0' }, tls: { mode: 'off' } })).rejects.toThrow(
      'tokens and records could be read on the way',
    );
  });
});

describe('the authority of a collector', () => {
  it('is made once, is for its owner only, and is told', async () => {
    const config = testConfig({ data: directory, tls: { mode: 'own' } });
    const first = await ServerTls.open(config);
    const again = await ServerTls.open(config);
    expect(again?.trusted).toBe(first?.trusted);
    expect(statSync(join(directory, 'tls/authority.pem')).mode & 0o777).toBe(0o600);
    const text = await authorityText(config);
    expect(text).toContain(`# sha256:${fingerprintOf(text)}\n`);
    expect(text).not.toContain('PRIVATE');
  });

  it('is not made anew over a damaged one', async () => {
    const config = testConfig({ data: directory, tls: { mode: 'own' } });
    await ServerTls.open(config);
    const file = join(directory, 'tls/authority.pem');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 100));
    await expect(ServerTls.open(config)).rejects.toMatchObject({ code: 'authority_unreadable' });
  });

  it('is none where nothing is encrypted', async () => {
    expect(await ServerTls.open(testConfig({ data: directory }))).toBeNull();
    expect(existsSync(join(directory, 'tls'))).toBe(false);
  });

  it('vouches for the collector and for agents, each in its place', async () => {
    const issuer = await Issuer.open(await makeAuthority('default', Date.now()));
    const { certificate } = await issuer.server(['mesh.example', '10.0.0.1', '::1'], HOUR);
    const server = new X509Certificate(certificate);
    expect(server.checkHost('mesh.example')).toBe('mesh.example');
    expect([server.checkIP('10.0.0.1'), server.checkIP('::1'), server.checkIP('10.0.0.2')]).toEqual([
      '10.0.0.1',
      '::1',
      undefined,
    ]);
    const publicKey = createPublicKey(server.publicKey.export({ type: 'spki', format: 'pem' }));
    const agent = new X509Certificate(
      await issuer.agent(
        {
          node: 'rack:1/n@2',
          joinId: '0123456789abcdef',
          publicKey: publicKey.export({ type: 'spki', format: 'der' }),
        },
        HOUR,
      ),
    );
    expect(agent.subjectAltName).toBe('URI:undermesh://node/rack%3A1%2Fn%402');
    expect([server.keyUsage, agent.keyUsage]).toEqual([['1.3.6.1.5.5.7.3.1'], ['1.3.6.1.5.5.7.3.2']]);
    expect(agent.verify(new X509Certificate(issuer.certificate).publicKey)).toBe(true);
  });
});

describe("an operator's certificate", () => {
  it('is served with what agents are to trust, and browsers are told to insist on it', async () => {
    const { tls, ca } = await operatorsFiles();
    const collector = await startCollector({ data: join(directory, 'data'), tls });
    const url = new URL('/healthz', collector.url);
    const { status, headers } = await ask(url, { tls: { ca }, timeoutMs: 5_000 });
    expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
    const told = await fetchAuthority(new URL('/ingest/v1/authority', url), fingerprintOf(ca) ?? '');
    expect(told).toBe(ca);
    await collector.stop();
  });

  it('is read anew when its files change, and connections stay; a wrong one is not taken', async () => {
    const { tls, write, ca } = await operatorsFiles();
    const server = await ServerTls.open(testConfig({ data: join(directory, 'data'), tls }));
    if (server === null) throw new Error('nothing is encrypted');
    const listener: Server = createServer(server.options, (socket) => socket.pipe(socket));
    server.attach(listener);
    const port = await new Promise<number>((resolve) => {
      listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port));
    });
    const open = (): Promise<TLSSocket> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port, ca }, () => resolve(socket)).on('error', reject);
      });
    const shown = async (): Promise<string> => {
      const socket = await open();
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const old = await open();
    const before = await shown();
    await write();
    await server.tick(Date.now() + 60_000);
    const after = await shown();
    expect(after).not.toBe(before);
    writeFileSync(tls.keyFile, 'no key');
    await server.tick(Date.now() + 120_000);
    expect(await shown()).toBe(after);
    const echo = new Promise((resolve) => old.once('data', (data) => resolve(data.toString())));
    old.write('still here');
    expect(await echo).toBe('still here');
    old.destroy();
    listener.close();
  });

  it('that does not belong to its key is refused at the start', async () => {
    const { tls } = await operatorsFiles();
    writeFileSync(tls.certificateFile, (await makeAuthority('x', Date.now())).certificate);
    const opening = ServerTls.open(testConfig({ data: join(directory, 'data'), tls }));
    await expect(opening).rejects.toMatchObject({ code: 'certificate_unreadable' });
  });
});

it('a session over TLS has a cookie that is sent over TLS only', async () => {
  const collector = await startCollector({ data: directory, tls: { mode: 'own' } });
  const { status, headers } = await ask(new URL('/api/v1/session', collector.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: collector.url },
    body: JSON.stringify({ token: collector.collector.token.reset() }),
    tls: { ca: collector.collector.tls?.trusted ?? '' },
    timeoutMs: 5_000,
  });
  expect([status, headers['set-cookie']]).toEqual([204, [expect.stringContaining('; Secure')]]);
  await collector.stop();
});
