// SPDX-License-Identifier: Apache-2.0
import Value from 'typebox/value';
import { describe, expect, it } from 'vitest';
import {
  Dictionary,
  encodeMessage,
  Hello,
  LiveRequest,
  LossCounts,
  TopologyQuery,
  Welcome,
} from '../src/index.js';

const hello = { node: 'a', cluster: 'default', agentVersion: '1', instance: 'i', bootId: 'b', abiVersion: 1 };

describe('message shapes', () => {
  it('pass over members they do not know', () => {
    expect(Value.Check(Hello, { ...hello, later: true })).toBe(true);
  });

  it.each(['', 'a b', 'a\n', 'ü', 'x'.repeat(254), '"', '{}'])('take %j for no name', (node) => {
    expect(Value.Check(Hello, { ...hello, node })).toBe(false);
  });

  it.each(['0', '18446744073709551615'])('take %s for a sequence', (acknowledged) => {
    expect(Value.Check(Welcome, { collectorId: 'c', collectorVersion: '1', credits: 1, acknowledged })).toBe(
      true,
    );
  });

  it('know the loss reasons only', () => {
    expect(Value.Check(LossCounts, { ring_full: 3 })).toBe(true);
    expect(Value.Check(LossCounts, { ring_full: -1 })).toBe(false);
  });

  it('bound the dictionary', () => {
    const workload = { id: 1, namespace: 'n', name: 'w', kind: 'process', system: false };
    const dictionary = { full: true, workloads: [workload], listeners: [], namespaces: [] };
    expect(Value.Check(Dictionary, dictionary)).toBe(true);
    expect(Value.Check(Dictionary, { ...dictionary, workloads: [{ ...workload, id: 0 }] })).toBe(false);
    expect(Value.Check(Dictionary, { ...dictionary, workloads: Array(20_001).fill(workload) })).toBe(false);
  });

  it('read queries out of text', () => {
    const query = Value.Convert(TopologyQuery, { window: '60', system: 'true', level: 'node' });
    expect(Value.Check(TopologyQuery, query)).toBe(true);
    expect(query).toMatchObject({ window: 60, system: true });
    expect(Value.Check(TopologyQuery, Value.Convert(TopologyQuery, { level: 'galaxy' }))).toBe(false);
    expect(Value.Check(TopologyQuery, { to: 'yesterday' })).toBe(false);
  });

  it('tell live requests apart', () => {
    expect(Value.Check(LiveRequest, { type: 'subscribe', id: '1', topic: 'status' })).toBe(true);
    expect(Value.Check(LiveRequest, { type: 'subscribe', id: '1', topic: 'topology' })).toBe(false);
    expect(Value.Check(LiveRequest, { type: 'subscribe', id: '1', topic: 'weather' })).toBe(false);
  });

  it('are JSON in UTF-8', () => {
    expect(new TextDecoder().decode(encodeMessage(hello))).toBe(JSON.stringify(hello));
  });
});
