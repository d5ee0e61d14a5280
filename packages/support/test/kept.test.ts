// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { kept, keptSettings, LEFT_OUT, ownWords, Redactor, reducedMetrics } from '../src/index.js';

const redactor = new Redactor({ anonymise: true, words: ownWords() });
const SECRET = 'Q7xPq9';

describe('answers', () => {
  const Answer = Type.Object({
    name: Type.String(),
    at: Type.String({ format: 'date-time' }),
    state: Type.Enum(['ok', 'full']),
    detail: Type.Union([Type.String(), Type.Null()]),
    counts: Type.Record(Type.String(), Type.Number()),
    hooks: Type.Array(Type.Object({ name: Type.String() })),
    reason: Type.String(),
  });

  it('are kept as far as their schema and the redactor know them', () => {
    const value = {
      name: 'alpha',
      at: '2026-11-22T23:00:00.000Z',
      state: 'ok',
      detail: `refused by ${SECRET}`,
      counts: { ring_full: 3, [SECRET]: 1 },
      hooks: [{ name: 'observe_sockops' }],
      reason: 'because',
      unknown: SECRET,
    };
    expect(kept(Answer, value, redactor)).toEqual({
      name: 'name-1',
      at: '2026-11-22T23:00:00.000Z',
      state: 'ok',
      detail: `refused by ${LEFT_OUT}`,
      counts: { ring_full: 3, [LEFT_OUT]: 1 },
      hooks: [{ name: 'observe_sockops' }],
    });
  });

  it('that are not what their schema says are left out', () => {
    const value = { name: 1, at: SECRET, state: SECRET, detail: { [SECRET]: SECRET } };
    expect(JSON.stringify(kept(Answer, value, redactor))).not.toContain(SECRET);
  });
});

describe('settings', () => {
  const schema = Type.Object({
    node: Type.String(),
    listen: Type.Object({ port: Type.Integer({ default: 1 }) }, { default: {} }),
    url: Type.String({ default: 'ws://127.0.0.1:1/' }),
    file: Type.String({ default: '/default' }),
    list: Type.Array(Type.String()),
    labels: Type.Record(Type.String(), Type.String()),
  });

  it('are shown where they cannot be secrets, of others only that they are set', () => {
    const config = {
      node: 'alpha',
      listen: { port: 7 },
      url: `wss://joe:${SECRET}@10.0.0.9:9/${SECRET}`,
      file: `/etc/${SECRET}`,
      list: [SECRET],
      labels: { [SECRET]: SECRET },
    };
    const settings = keptSettings('agent', { schema, config }, redactor);
    expect(settings).toMatchObject({ node: 'name-1', 'listen.port': 7, url: 'wss://address-1:9' });
    expect(settings).toMatchObject({
      file: 'set, not as by default',
      list: '1 in the list',
      labels: '1 members',
    });
    expect(JSON.stringify(settings)).not.toContain(SECRET);
  });
});

it('metrics: our own alone, with labels that are known', () => {
  const text = [
    '# HELP undermesh_nodes Nodes',
    'undermesh_nodes{node="alpha",reason="ring_full"} 3',
    `undermesh_nodes{node="${SECRET}"} NaN`,
    `undermesh_records{path="/a/${SECRET}"} 4`,
    `istio_requests_total{source_workload="${SECRET}"} 5`,
    'process_resident_memory_bytes 123456789',
    SECRET,
  ].join('\n');
  expect(reducedMetrics(text, redactor)).toBe(
    `undermesh_nodes{node="name-1",reason="ring_full"} 3\nundermesh_records{path="/a/${LEFT_OUT}"} 4\nprocess_resident_memory_bytes 123456789\n`,
  );
});
