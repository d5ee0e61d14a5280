// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiServer } from '../../../../packages/mesh/test/cluster/api-server.js';
import { eventually } from '../support/collector.js';
import {
  agentWith,
  invite,
  makeKeyPair,
  operate,
  requestCertificate,
  type SecureCollector,
  startSecure,
} from './members.js';

const AGENT = 'system:serviceaccount:undermesh:undermesh-agent';
const claims = 'authentication.kubernetes.io';
/** What the API server says of each token. */
const TOKENS: Record<string, { username: string; extra: Record<string, string[]> }> = {
  'on-worker-1': { username: AGENT, extra: { [`${claims}/node-name`]: ['worker-1'] } },
  'before-1.30': {
    username: AGENT,
    extra: { [`${claims}/pod-name`]: ['agent-x'], [`${claims}/pod-uid`]: ['uid-of-agent-x'] },
  },
  'of-a-pod-that-is-gone': {
    username: AGENT,
    extra: { [`${claims}/pod-name`]: ['agent-x'], [`${claims}/pod-uid`]: ['another'] },
  },
  'bound-to-no-pod': { username: AGENT, extra: {} },
  'of-somebody': {
    username: 'system:serviceaccount:shop:web',
    extra: { [`${claims}/node-name`]: ['worker-1'] },
  },
};

let cluster: ApiServer;
let collector: SecureCollector;

beforeAll(async () => {
  cluster = await ApiServer.start();
  cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'agent-x', namespace: 'undermesh', uid: 'uid-of-agent-x' },
    spec: { nodeName: 'worker-2' },
  });
  cluster.review = ({ token, audiences }) => {
    const user = TOKENS[token];
    return user === undefined
      ? { error: 'the token is not known' }
      : { authenticated: true, user, audiences: token === 'on-worker-1' ? audiences : ['undermesh'] };
  };
  const kubernetes = { enabled: true, kubeconfig: cluster.kubeconfig, caConfigMap: 'undermesh/authority' };
  collector = await startSecure({}, { join: { kubernetes } });
});
afterAll(async () => {
  await collector.stop();
  await cluster.remove();
});
beforeEach(() => {
  cluster.fault = undefined;
});

async function ask(node: string, serviceAccountToken: string) {
  const { privateKey: key, publicKey } = makeKeyPair();
  const answer = await requestCertificate(collector, { node, publicKey, serviceAccountToken });
  return 'status' in answer
    ? { code: answer.problem.code, detail: answer.problem.detail ?? '' }
    : { tls: { ca: collector.ca, cert: answer.certificate, key } };
}

describe('an agent of a cluster joins by its service account', () => {
  it.each([
    ['worker-1', 'on-worker-1'],
    ['worker-2', 'before-1.30'],
  ])('on %s with a token %s', async (node, token) => {
    const agent = agentWith(collector, node, (await ask(node, token)).tls ?? {});
    await agent.connect();
    agent.kill();
  });

  it('which is in the change log', async () => {
    await ask('worker-1', 'on-worker-1');
    const [newest] = collector.collector.changes.control.slice(-1);
    expect(newest).toMatchObject({
      kind: 'agent_joined',
      subject: 'worker-1',
      detail: 'by its service account',
    });
    expect(JSON.stringify(newest)).not.toContain('joinId');
  });

  it.each([
    ['worker-9', 'on-worker-1', 'node_not_yours', 'belongs to worker-1'],
    ['worker-1', 'of-somebody', 'service_account_wrong', 'shop:web'],
    ['worker-1', 'nonsense', 'service_account_wrong', 'the token is not known'],
    ['worker-2', 'of-a-pod-that-is-gone', 'service_account_wrong', 'is gone'],
    ['worker-2', 'bound-to-no-pod', 'service_account_wrong', 'bound to no pod'],
  ])('not as %s with a token %s: %s', async (node, token, code, why) => {
    const answer = await ask(node, token);
    expect(answer.code).toBe(code);
    expect(answer.detail).toContain(why);
  });

  it('not with a token that was made for another audience', async () => {
    const other = await startSecure(
      {},
      {
        join: { kubernetes: { enabled: true, kubeconfig: cluster.kubeconfig, audience: 'vault' } },
      },
    );
    const request = {
      node: 'worker-2',
      publicKey: makeKeyPair().publicKey,
      serviceAccountToken: 'before-1.30',
    };
    expect(await requestCertificate(other, request)).toMatchObject({
      problem: { code: 'service_account_wrong' },
    });
    await other.stop();
  });

  it('not while the API server does not answer, and then again', async () => {
    cluster.fault = ({ plural }) => (plural === 'tokenreviews' ? 500 : undefined);
    expect((await ask('worker-1', 'on-worker-1')).code).toBe('review_failed');
    cluster.fault = undefined;
    expect((await ask('worker-1', 'on-worker-1')).tls).toBeDefined();
  });

  it('not after it was removed, until an operator adds it', async () => {
    await operate(collector, 'DELETE', 'worker-1');
    expect((await ask('worker-1', 'on-worker-1')).code).toBe('agent_removed');
    await invite(collector, 'worker-1');
    expect((await ask('worker-1', 'on-worker-1')).tls).toBeDefined();
  });

  it('not where no cluster is configured', async () => {
    const plain = await startSecure();
    const request = {
      node: 'worker-1',
      publicKey: makeKeyPair().publicKey,
      serviceAccountToken: 'on-worker-1',
    };
    expect(await requestCertificate(plain, request)).toMatchObject({ problem: { code: 'join_not_enabled' } });
    await plain.stop();
  });
});

it('whom agents are to trust stands in a ConfigMap', async () => {
  await eventually(() => {
    const metadata = { name: 'authority', namespace: 'undermesh' };
    const found = cluster.stored({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
    expect(found?.data).toEqual({ 'ca.crt': collector.ca });
  });
});
