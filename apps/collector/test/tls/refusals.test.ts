// SPDX-License-Identifier: Apache-2.0
import { createPublicKey } from 'node:crypto';
import { connect } from 'node:tls';
import { RecordEvent } from '@undermesh/bpf-abi';
import { ask } from '@undermesh/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeJoinId } from '../../src/tls/certificates.js';
import { FakeConnection } from '../../test-support/index.js';
import { agentWith, join, makeKeyPair, operate, type SecureCollector, startSecure } from './members.js';

let collector: SecureCollector;
let foreign: SecureCollector;
beforeAll(async () => {
  [collector, foreign] = await Promise.all([startSecure(), startSecure()]);
});
afterAll(() => Promise.all([collector.stop(), foreign.stop()]));

/** Signed by this collector, with any dates. */
async function issued(node: string, life: { now: number; milliseconds: number }) {
  const { privateKey, publicKey } = makeKeyPair();
  const der = createPublicKey(publicKey).export({ type: 'spki', format: 'der' });
  const cert = await collector.collector.tls?.issuer.agent(
    { node, joinId: makeJoinId(), publicKey: der },
    life,
  );
  return { ca: collector.ca, cert: cert ?? '', key: privateKey };
}

const refusals = (code: string): number => collector.collector.ingest.totals.rejected.get(code) ?? 0;

/** Each is refused at the door, is told why and what to do, and is counted. */
async function refused(tls: Parameters<typeof agentWith>[2], code: string): Promise<string> {
  const before = refusals(code);
  const opening = agentWith(collector, 'web-1', { ca: collector.ca, ...tls }).open();
  const why = await opening.then(
    () => 'it came in',
    (error: Error) => error.message,
  );
  expect(why).toContain(`"code":"${code}"`);
  expect(refusals(code)).toBe(before + 1);
  return why;
}

describe('an agent is refused', () => {
  it('with no certificate', async () => {
    expect(await refused({}, 'certificate_required')).toContain('undermesh agents add');
  });

  it('with a credential in the place of a certificate', async () => {
    const agent = collector.agent('web-1', { tls: { ca: collector.ca } });
    await expect(agent.open()).rejects.toThrow('certificate_required');
  });

  it('with a certificate of another authority', async () => {
    const tls = await join(foreign, 'web-1');
    expect(await refused({ cert: tls.cert, key: tls.key }, 'certificate_unknown')).toContain(
      'undermesh-agent join',
    );
  });

  it('with an expired certificate', async () => {
    const tls = await issued('web-1', { now: Date.now() - 3_600_000, milliseconds: 60_000 });
    expect(await refused(tls, 'certificate_expired')).toContain('is the clock of either machine wrong?');
  });

  it('with a certificate of the collector itself', async () => {
    const { key, certificate: cert } = (await collector.collector.tls?.issuer.server(['web-1'], {
      now: Date.now(),
      milliseconds: 60_000,
    })) ?? { key: '', certificate: '' };
    await refused({ key, cert }, 'certificate_unknown');
  });

  it("with another node's certificate", async () => {
    const before = refusals('node_not_yours');
    const agent = agentWith(collector, 'db-1', await join(collector, 'web-1'));
    await expect(agent.connect()).rejects.toThrow('admitted for web-1, its hello names db-1');
    expect(refusals('node_not_yours')).toBe(before + 1);
  });

  it('with a certificate that another joining of its node made void', async () => {
    const first = await join(collector, 'web-2');
    const second = await join(collector, 'web-2');
    await refused(first, 'certificate_replaced');
    const agent = agentWith(collector, 'web-2', second);
    await agent.connect();
    agent.kill();
  });

  it('when it was removed, at once, and until it joins again', async () => {
    const tls = await join(collector, 'web-3');
    const agent = agentWith(collector, 'web-3', tls);
    await agent.connect();
    const member = await operate<{ state: string }>(collector, 'DELETE', 'web-3');
    expect(member.state).toBe('removed');
    await agent.until(() => agent.ending !== null);
    expect([agent.ending?.reason, agent.error?.code]).toEqual(['agent_removed', 'agent_removed']);
    expect(await refused(tls, 'agent_removed')).toContain('undermesh agents add web-3');
    const again = agentWith(collector, 'web-3', await join(collector, 'web-3'));
    await again.connect();
    again.kill();
    await refused(tls, 'certificate_replaced');
  });

  it('when its certificate ends while its connection is open', async () => {
    const agent = agentWith(
      collector,
      'web-4',
      await issued('web-4', { now: Date.now(), milliseconds: 500 }),
    );
    await agent.connect();
    await agent.until(() => agent.ending !== null);
    expect(agent.error?.code).toBe('certificate_expired');
  });

  it('and each reason is in the metrics', async () => {
    const text = [];
    for await (const part of collector.collector.prometheus.write()) text.push(part);
    expect(text.join('')).toMatch(/undermesh_ingest_rejected_total\{code="certificate_required"\} [1-9]/);
  });
});

describe('an agent with its certificate', () => {
  it('comes in, and its records are stored', async () => {
    const agent = agentWith(collector, 'web-5', await join(collector, 'web-5'));
    await agent.connect();
    const client = { address: '10.0.0.1', port: 4000, workload: 0 };
    const server = { address: '10.0.0.2', port: 80, workload: 0 };
    await agent.deliver([new FakeConnection({ client, server }).record('source', RecordEvent.CLOSED)]);
    expect(collector.collector.ingest.totals.ends).toBeGreaterThan(0);
    await agent.close();
  });

  it('does not believe another collector', async () => {
    const { cert, key } = await join(foreign, 'web-6');
    await expect(agentWith(collector, 'web-6', { ca: foreign.ca, cert, key }).open()).rejects.toThrow(
      /certificate/,
    );
  });

  it('does not believe its collector under a name that its certificate does not bear', async () => {
    const tls = { ...(await join(collector, 'web-7')), servername: 'elsewhere.example' };
    await expect(agentWith(collector, 'web-7', tls).open()).rejects.toThrow(/elsewhere\.example/);
  });
});

it('older TLS than 1.3 is not spoken', async () => {
  const { port } = new URL(collector.url);
  const problem = await new Promise<string>((resolve) => {
    const socket = connect({
      port: Number(port),
      host: '127.0.0.1',
      ca: collector.ca,
      maxVersion: 'TLSv1.2',
    });
    socket.on('error', (error) => resolve(error.message));
    socket.on('secureConnect', () => resolve('spoken'));
  });
  expect(problem).toMatch(/protocol version/);
});

it('agents may call the collector by a name that pages may not', async () => {
  const tls = { ca: collector.ca, servername: 'localhost' };
  const asking = { tls, headers: { host: 'elsewhere.example' }, timeoutMs: 5_000 };
  const ofPath = async (path: string) => (await ask(new URL(path, collector.url), asking)).status;
  expect(await Promise.all(['/ingest/v1/authority', '/api/v1/status'].map(ofPath))).toEqual([200, 403]);
});

it('a page of the dashboard needs no certificate', async () => {
  const asking = { tls: { ca: collector.ca }, timeoutMs: 5_000 };
  const { status, headers } = await ask(new URL('/api/v1/status', collector.url), asking);
  expect(status).toBe(200);
  // A browser that was told so could not go past its warning of an authority that it does not know.
  expect(headers['strict-transport-security']).toBeUndefined();
});
