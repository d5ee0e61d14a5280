// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatProblem, type KubernetesSource } from '../../src/index.js';
import type { ApiServer, KubernetesObject } from './api-server.js';
import { caughtUp, startedServer, startedSource, until } from './cluster.js';

const service = (name: string, address: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { clusterIP: address, ports: [{ port: 80 }] },
});
const [a, b, c] = ['a', 'b', 'c'].map((name, at) => service(name, `10.96.0.${at + 1}`)) as [
  KubernetesObject,
  KubernetesObject,
  KubernetesObject,
];

const names = ({ state }: KubernetesSource): string[] =>
  [...(state.mesh?.services.keys() ?? [])].map((key) => key.replace('shop/', ''));
const lists = (server: ApiServer, plural = 'services'): number =>
  server.asked.filter((one) => one.plural === plural && !one.watch).length;
const ofServices = (source: KubernetesSource) => source.counts().kinds.get('Service')!;

describe('a Kubernetes API server that fails', { timeout: 60_000 }, () => {
  it('ends watches: they go on from where they were, and nothing is listed again', async () => {
    const server = await startedServer([a]);
    const source = await startedSource(server);
    await until('all watches', () => server.watches === 8);
    server.cutWatches();
    server.apply(b);
    await until('b', () => names(source).includes('b'));
    server.endWatches();
    server.delete(a);
    server.apply(c);
    await until('c', () => names(source).join() === 'b,c');
    expect(lists(server)).toBe(1);
  });

  it('has forgotten the version (410): deletions that nobody heard of are found by a list', async () => {
    const server = await startedServer([a, b]);
    const source = await startedSource(server);
    await until('all watches', () => server.watches === 8);
    await server.end();
    server.delete(a);
    server.apply(c);
    server.forget();
    await server.begin();
    await until('b and c', () => names(source).join() === 'b,c');
    expect(ofServices(source)).toMatchObject({ lists: 2 });
    expect(ofServices(source).expired).toBeGreaterThan(0);
    const { query } = server.asked.findLast((one) => one.plural === 'services' && !one.watch)!;
    // No older than what was known, whichever server of several answers.
    expect(query.get('resourceVersionMatch')).toBe('NotOlderThan');
  });

  it('sends bookmarks: with them nothing is listed again though nothing else was heard for long', async () => {
    const server = await startedServer([a]);
    const source = await startedSource(server);
    await until('all watches', () => server.watches === 8);
    for (let turn = 0; turn < 5; turn++)
      server.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    server.bookmark();
    await until('bookmarks', () =>
      [...source.counts().kinds.values()].every(({ bookmarks }) => bookmarks > 0),
    );
    await server.end();
    server.apply(b);
    await server.begin();
    await until('b', () => names(source).join() === 'a,b');
    expect(lists(server)).toBe(1);
  });

  it('forgets a list between two pages: it is begun anew', async () => {
    const server = await startedServer(
      Array.from({ length: 30 }, (_, at) => service(`s${at}`, `10.96.1.${at + 1}`)),
    );
    let pages = 0;
    server.fault = ({ plural, watch, query }) => {
      if (plural === 'services' && !watch && query.has('continue') && ++pages === 2) server.forget();
      return undefined;
    };
    const source = await startedSource(server);
    await until('the mesh', () => source.state.mesh);
    expect(names(source)).toHaveLength(30);
    expect(pages).toBeGreaterThan(4);
  });

  it('is restarted, with changes meanwhile: what is known stays, and nothing is lost', async () => {
    const server = await startedServer([a, b]);
    const source = await startedSource(server);
    const { mesh } = source.state;
    await server.end();
    const said =
      /^the Kubernetes API does not tell of Namespace, Node, .*, HTTPRoute, Pod, WaypointUser \(connect ECONNREFUSED .*\): let the agent/;
    await until('it to be noticed', () => said.test(source.state.problems.map(formatProblem).join('\n')));
    expect(source.state.mesh).toBe(mesh);
    server.delete(b);
    server.apply(c);
    await server.begin();
    await until('a and c', () => names(source).join() === 'a,c' && source.state.problems.length === 0);
  });

  it('is put back from a backup: what it has is what there is', async () => {
    const server = await startedServer([a, b]);
    for (let turn = 0; turn < 5; turn++) server.apply(b);
    const source = await startedSource(server);
    await server.end();
    server.goBack(5);
    server.delete(b);
    server.apply({ ...a, spec: { clusterIP: '10.96.0.99', ports: [{ port: 80 }] } });
    await server.begin();
    await until('all watches', () => server.watches === 8);
    server.bookmark();
    await until(
      'it',
      () =>
        names(source).join() === 'a' &&
        source.state.mesh!.services.get('shop/a')!.addresses.v4[0] === '10.96.0.99',
    );
  });

  it('sends events twice, late and out of order: each counts once, in its place', async () => {
    const server = await startedServer([a, b]);
    const source = await startedSource(server);
    await until('all watches', () => server.watches === 8);
    const first = server.stored(a)!;
    const second = server.apply({ ...a, spec: { clusterIP: '10.96.0.50', ports: [{ port: 80 }] } });
    const { mesh } = await caughtUp(source, server);
    expect(mesh!.services.get('shop/a')!.addresses.v4).toEqual(['10.96.0.50']);
    server.send('MODIFIED', first);
    server.send('ADDED', first);
    server.send('MODIFIED', second);
    expect((await caughtUp(source, server)).mesh).toEqual(mesh);
    // Of one that is gone, and of one whose name another has by now.
    const gone = server.stored(b)!;
    server.delete(b);
    server.send('MODIFIED', gone);
    await caughtUp(source, server);
    expect(names(source)).toEqual(['a']);
    const successor = server.apply({ ...b, metadata: { ...b.metadata, uid: 'another' } });
    server.send('DELETED', gone);
    await caughtUp(source, server);
    expect(names(source)).toEqual(['a', 'b']);
    expect(successor.metadata.uid).not.toBe(gone.metadata.uid);
    expect(source.counts().stale).toBeGreaterThanOrEqual(5);
  });

  it('refuses: it is said for which kinds and why, asked less and less often, and goes on by itself', async () => {
    const server = await startedServer([a]);
    const source = await startedSource(server, { patience: { maxPauseMs: 400 } });
    const { mesh } = source.state;
    server.fault = ({ plural }) => (plural === 'services' ? 403 : undefined);
    server.cutWatches();
    await until('it to be said', () => source.state.problems.length === 1);
    expect(source.state.problems[0]).toMatchObject({
      severity: 'error',
      object: '',
      message: 'the Kubernetes API does not tell of Service (injected 403)',
    });
    const asked = server.asked.length;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(server.asked.length - asked).toBeLessThan(40);
    expect(source.state.mesh).toBe(mesh);
    server.fault = undefined;
    server.apply(b);
    await until('b', () => names(source).join() === 'a,b' && source.state.problems.length === 0);
  });

  it('has another token from now on: the file is read again', async () => {
    const server = await startedServer([a]);
    const source = await startedSource(server);
    server.serviceAccount('renewed');
    server.cutWatches();
    server.apply(b);
    await until('b', () => names(source).join() === 'a,b');
  });

  it('falls silent: the connection is given up', async () => {
    const server = await startedServer([a]);
    const source = await startedSource(server, { patience: { silenceMs: 200 } });
    await until('watches anew', () => ofServices(source).watches > 2);
    server.apply(b);
    await until('b', () => names(source).join() === 'a,b');
    expect(source.state.problems).toEqual([]);
  });

  it('is another one than its certificate says: nothing is asked of it', async () => {
    const server = await startedServer([a]);
    const other = await startedServer([b]);
    const access = { ...server.serviceAccount(), directory: other.serviceAccount().directory };
    const source = await startedSource(server, { access, startMs: 200 });
    await until('it to be said', () => source.state.problems.length === 1);
    expect(source.state).toMatchObject({
      mesh: null,
      problems: [{ message: expect.stringMatching(/certificate/) }],
    });
    expect(server.asked).toEqual([]);
  });
});
