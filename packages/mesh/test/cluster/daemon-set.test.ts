// SPDX-License-Identifier: Apache-2.0
import { createLogger, setLogLevel } from '@undermesh/core';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ClusterConnection, DaemonSetWatch, openAccess, type Presence } from '../../src/index.js';
import type { ApiServer, KubernetesObject } from './api-server.js';
import { startedServer, until } from './cluster.js';

setLogLevel('fatal');

const DAEMON_SET = { namespace: 'undermesh', name: 'undermesh-agent' };
const daemonSet = (spec: object = {}, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { ...DAEMON_SET, ...metadata },
  spec: { template: { spec } },
});
const node = (labels: Record<string, string>): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'alpha', labels },
});
const pod: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'undermesh-agent-x', namespace: 'undermesh' },
  spec: { nodeName: 'alpha' },
};

let server: ApiServer;
let watch: DaemonSetWatch;

/** A watch that has been told of the DaemonSet. */
async function follow(objects: readonly KubernetesObject[]): Promise<void> {
  server = await startedServer(objects);
  watch = await following(server);
  await until('its watch', () => server.watches === 1);
}

async function following(of: ApiServer): Promise<DaemonSetWatch> {
  const one = new DaemonSetWatch({
    connection: new ClusterConnection(await openAccess(of.serviceAccount())),
    daemonSet: DAEMON_SET,
    node: 'alpha',
    log: createLogger('removal'),
    patience: { maxPauseMs: 50 },
  });
  one.start();
  onTestFinished(() => one.stop());
  return one;
}

const answer = async (withinMs = 2_000): Promise<Presence['is']> => (await watch.ask(withinMs)).is;

describe('an agent that is being stopped', { timeout: 30_000 }, () => {
  beforeEach(() => follow([daemonSet(), node({ pool: 'a' }), pod]));
  afterEach(() => {
    server.fault = undefined;
  });

  it('because its pod is evicted or its node drained is wanted still', async () => {
    server.apply({ ...node({ pool: 'a' }), spec: { unschedulable: true } });
    server.delete(pod);
    expect(await answer()).toBe('wanted');
  });

  it('because of a rollout is wanted still', async () => {
    server.apply(daemonSet({ containers: [{ image: 'agent:2' }] }));
    expect(await answer()).toBe('wanted');
  });

  it('because its node is tainted is wanted still: taints come and go', async () => {
    server.apply({ ...node({ pool: 'a' }), spec: { taints: [{ key: 'x', effect: 'NoExecute' }] } });
    expect(await answer()).toBe('wanted');
  });

  it('because the DaemonSet was deleted is gone', async () => {
    server.delete(daemonSet());
    expect(await watch.ask(2_000)).toEqual({
      is: 'gone',
      why: 'the DaemonSet undermesh/undermesh-agent was deleted',
    });
  });

  it('because the DaemonSet is being deleted, its pods first, is gone', async () => {
    server.apply(daemonSet({}, { deletionTimestamp: '2026-11-22T12:00:00Z' }));
    expect(await answer()).toBe('gone');
  });

  it('because the DaemonSet was deleted and made anew is wanted: its successor takes over', async () => {
    server.delete(daemonSet());
    server.apply(daemonSet());
    expect(await answer()).toBe('wanted');
  });

  it.each([
    ['nodeSelector', { nodeSelector: { pool: 'b' } }],
    [
      'affinity',
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'pool', operator: 'NotIn', values: ['a'] }] },
                { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['beta'] }] },
              ],
            },
          },
        },
      },
    ],
  ])('because the %s of the DaemonSet no longer takes its node is gone', async (_, spec) => {
    server.apply(daemonSet(spec));
    expect(await answer()).toBe('gone');
    server.apply(daemonSet({ nodeSelector: { pool: 'a' } }));
    expect(await answer()).toBe('wanted');
  });

  it('because its node lost the label that the DaemonSet asks for is gone', async () => {
    server.apply(daemonSet({ nodeSelector: { pool: 'a' } }));
    server.apply(node({}));
    expect(await answer()).toBe('gone');
  });

  it('while the API server is away does not know, within its time', async () => {
    await server.end();
    const beganMs = performance.now();
    const { is, why } = await watch.ask(600);
    expect(is).toBe('unknown');
    expect(why).toMatch(/ECONNREFUSED/);
    expect(performance.now() - beganMs).toBeLessThan(5_000);
  });

  it('while the API server hangs does not know, within its time', async () => {
    server.fault = () => new Promise<void>(() => {});
    expect(await answer(600)).toBe('unknown');
  });

  it.each([403, 401, 404, 429, 500, 503])(
    'while the API server answers %i about anything does not know',
    async (status) => {
      server.fault = () => status;
      expect(await answer(400)).toBe('unknown');
    },
  );

  it('while the API server is away for a moment asks again', async () => {
    let asked = 0;
    server.fault = () => (++asked === 1 ? 503 : undefined);
    expect(await answer()).toBe('wanted');
  });

  it('and loses the right to ask with the deletion, as with `helm uninstall`, has seen it go', async () => {
    server.delete(daemonSet());
    await until('it to be told of', () => server.asked.length > 0 && watch.sawDeletion);
    server.fault = () => 403;
    expect(await answer()).toBe('gone');
  });

  it('on a node that the cluster does not have does not know', async () => {
    server.delete(node({}));
    expect(await answer()).toBe('unknown');
  });
});

describe('an agent with the wrong name for its DaemonSet', { timeout: 30_000 }, () => {
  it('does not take that for a deletion', async () => {
    await follow([node({})]);
    expect(await watch.ask(2_000)).toEqual({
      is: 'unknown',
      why: 'there never was a DaemonSet undermesh/undermesh-agent',
    });
  });
});
