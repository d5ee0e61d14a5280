// SPDX-License-Identifier: Apache-2.0
import Value from 'typebox/value';
import { describe, expect, it } from 'vitest';
import {
  Command,
  Dictionary,
  EngineReport,
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

  it('bound orders, and what nodes say of them', () => {
    const order = { generation: 1, engine: 'dual-engine', deadline: '2026-11-22T14:00:00.000Z' };
    expect(Value.Check(Command, order)).toBe(true);
    for (const wrong of [
      { generation: 0 },
      { generation: 65_536 },
      { engine: 'warp' },
      { deadline: 'soon' },
    ]) {
      expect(Value.Check(Command, { ...order, ...wrong })).toBe(false);
    }
    const report = { desired: 'off', observed: 'off' };
    expect(Value.Check(EngineReport, report)).toBe(true);
    const drift = { what: 'gone', sinceMs: 1, mended: false };
    expect(Value.Check(EngineReport, { ...report, drift: [drift] })).toBe(true);
    for (const wrong of [{ sinceMs: 1e17 }, { sinceMs: -1 }, { what: 'x'.repeat(513) }]) {
      expect(Value.Check(EngineReport, { ...report, drift: [{ ...drift, ...wrong }] })).toBe(false);
    }
    expect(Value.Check(EngineReport, { ...report, drift: Array(65).fill(drift) })).toBe(false);
    expect(Value.Check(Hello, { ...hello, labels: { pool: 'general' }, engine: report })).toBe(true);
    expect(Value.Check(Hello, { ...hello, labels: { pool: 1 } })).toBe(false);
  });

  it('are JSON in UTF-8', () => {
    expect(new TextDecoder().decode(encodeMessage(hello))).toBe(JSON.stringify(hello));
  });
});
