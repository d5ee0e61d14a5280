// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setLogLevel } from '@undermesh/core';
import type { CertificateRequest } from '@undermesh/schema';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../../../packages/mesh/test/cluster/certificates.js';
import { IdentityFile } from '../../src/tls/identity-file.js';
import type { MembershipConfig } from '../../src/tls/join.js';
import { Membership } from '../../src/tls/membership.js';

let directory: string;
let certificates: Certificates;
let server: Server;
let asked: CertificateRequest[];
let answer: { status: number; body: object };

/** A real HTTPS server that gives certificates as a collector does; the names in them are none that anybody looks at here. */
beforeAll(async () => {
  setLogLevel('silent');
  directory = mkdtempSync(join(tmpdir(), 'undermesh-membership-'));
  certificates = makeCertificates(directory);
  writeFileSync(join(directory, 'token'), 'of the pod\n');
  server = createServer({ cert: certificates.certificate, key: certificates.key }, (request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      asked.push(JSON.parse(body) as CertificateRequest);
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

let config: MembershipConfig;
let count = 0;
beforeEach(() => {
  asked = [];
  answer = { status: 200, body: { certificate: certificates.certificate, authority: null } };
  config = {
    node: 'worker-1',
    instance: `run-${++count}`,
    collector: {
      url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}/ingest/v1`,
      credentialFile: join(directory, 'none'),
      maxBackoff: 0,
    },
    tls: { directory, caFile: certificates.authority, serverName: '' },
    join: { tokenFile: '', serviceAccountToken: join(directory, 'token') },
  };
});

describe('an agent with a service account', () => {
  it('joins at its first connect, once, and keeps what it got for the next start', async () => {
    const membership = new Membership(config);
    const [access] = await Promise.all([membership.access(), membership.access()]);
    expect(asked).toEqual([
      {
        node: 'worker-1',
        publicKey: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----/),
        serviceAccountToken: 'of the pod',
      },
    ]);
    expect(access.tls).toMatchObject({
      ca: readFileSync(certificates.authority, 'utf8'),
      cert: certificates.certificate,
      key: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----/),
    });
    expect(statSync(join(directory, config.instance, 'agent.pem')).mode & 0o777).toBe(0o600);
    expect((await new Membership(config).access()).tls?.key).toBe(access.tls?.key);
    expect(asked).toHaveLength(1);
  });

  it.each(['certificate_unknown', 'certificate_expired', 'certificate_replaced'])(
    'joins anew after %s',
    async (code) => {
      const membership = new Membership(config);
      membership.refused(code, await membership.access());
      await membership.access();
      expect(asked).toHaveLength(2);
    },
  );

  it('does not join anew for what was refused for another reason, or came by an earlier certificate', async () => {
    const membership = new Membership(config);
    membership.refused('agent_removed', await membership.access());
    membership.refused('certificate_expired', { tls: { cert: 'an earlier one' } });
    await membership.access();
    expect(asked).toHaveLength(1);
  });

  it('says what the collector says, and asks again', async () => {
    const problem = {
      type: 'about:blank',
      title: 'no',
      status: 403,
      code: 'agent_removed',
      detail: 'It was removed.',
    };
    answer = { status: 403, body: problem };
    const membership = new Membership(config);
    await expect(membership.access()).rejects.toMatchObject({
      code: 'agent_removed',
      message: 'The collector refuses the agent: It was removed.',
    });
    answer = { status: 200, body: { certificate: certificates.certificate, authority: null } };
    await membership.access();
    expect(asked).toHaveLength(2);
  });

  it('tells nothing to a server that it does not know', async () => {
    const membership = new Membership({ ...config, tls: { ...config.tls, caFile: '' } });
    await expect(membership.access()).rejects.toMatchObject({ code: 'collector_untrusted' });
    expect(asked).toEqual([]);
  });
});

describe('an agent that may not join by itself', () => {
  beforeEach(() => {
    config = { ...config, join: { tokenFile: '', serviceAccountToken: '' } };
  });

  it('says how it can', async () => {
    await expect(new Membership(config).access()).rejects.toMatchObject({ code: 'not_joined' });
  });

  it('takes up what `undermesh-agent join` got while it runs', async () => {
    const membership = new Membership(config);
    await expect(membership.access()).rejects.toMatchObject({ code: 'not_joined' });
    const { key, certificate } = certificates;
    new IdentityFile(config).write({ key, certificate, issuedAt: 0, expiresAt: 0 }, null);
    expect((await membership.access()).tls?.cert).toBe(certificates.certificate);
  });

  it('uses its credential where a proxy encrypts before the collector', async () => {
    const credentialFile = join(directory, 'credential');
    writeFileSync(credentialFile, 'secret\n', { mode: 0o600 });
    const membership = new Membership({ ...config, collector: { ...config.collector, credentialFile } });
    expect((await membership.access()).credential).toBe('secret');
  });

  it('does not use a key that others can read', async () => {
    const file = new IdentityFile(config);
    file.write(
      { key: certificates.key, certificate: certificates.certificate, issuedAt: 0, expiresAt: 0 },
      null,
    );
    chmodSync(join(file.directory, 'agent.pem'), 0o640);
    await expect(new Membership(config).access()).rejects.toMatchObject({ code: 'identity_permissions' });
  });
});
