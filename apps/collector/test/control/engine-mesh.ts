// SPDX-License-Identifier: Apache-2.0
// A collector whose engines are ordered about: what is asked of it, and what it says of them.
import type { Changes, EngineOrder, Engines, NodeEngine } from '@undermesh/schema';
import { ROUTES } from '@undermesh/schema';
import Value from 'typebox/value';
import { afterEach, expect } from 'vitest';
import { eventually, startCollector, type TestCollector } from '../support/collector.js';

const running: TestCollector[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

/** A collector with an operator's token; it stops with the test. */
export async function start(data?: string): Promise<TestCollector & { token: string }> {
  const collector = await startCollector(data === undefined ? {} : { data });
  const mesh = { ...collector, token: collector.collector.token.reset('m.chen') };
  running.push(mesh);
  return mesh;
}

/** Stops one before its test ends. */
export async function stop(mesh: TestCollector): Promise<void> {
  running.splice(running.indexOf(mesh), 1);
  await mesh.stop();
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** Orders an engine for a node. */
export async function put<T = NodeEngine>(
  { url, token }: { url: string; token: string },
  node: string,
  order: EngineOrder | object,
  headers: Record<string, string> = { authorization: `Bearer ${token}` },
): Promise<Answer<T>> {
  const response = await fetch(`${url}/api/v1/nodes/${encodeURIComponent(node)}/engine`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(order),
  });
  return { status: response.status, body: (await response.json()) as T };
}

/** What the collector says of a node's engine. */
export const engineOf = async (mesh: TestCollector, node: string): Promise<NodeEngine> => {
  const engines = await mesh.get<Engines>('/api/v1/engines');
  expect(Value.Errors(ROUTES.engines.answer, engines)).toEqual([]);
  const one = engines.items.find((item) => item.node === node);
  if (one === undefined) throw new Error(`no ${node}`);
  return one.engine;
};

/** Resolves when it says this of it. */
export const settled = (mesh: TestCollector, node: string, expected: Partial<NodeEngine>): Promise<void> =>
  eventually(async () => expect(await engineOf(mesh, node)).toMatchObject(expected));

/** The log of changes of engines, a line each, the oldest first. */
export const told = async (mesh: TestCollector): Promise<string[]> =>
  (
    await mesh.get<Changes>(
      '/api/v1/changes?kind=engine_set,engine_adopted,engine_refused,engine_drifted,engine_mended',
    )
  ).items
    .map(({ kind, before, after, order, detail }) =>
      [
        kind,
        `${before}→${after}`,
        order === undefined ? '' : `${order.generation} ${order.setBy} ${order.who}`,
        detail ?? '',
      ].join(' | '),
    )
    .reverse();
