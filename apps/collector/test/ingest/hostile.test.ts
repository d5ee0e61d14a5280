// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect } from 'node:net';
import { ConnectionRecord, HttpRecord, HttpSample } from '@undermesh/bpf-abi';
import {
  encodeFrame,
  encodeMessage,
  FRAME_HEADER_BYTES,
  FRAME_TYPES,
  type FrameHeader,
  type Hello,
  MAX_PAYLOAD_BYTES,
  type Status,
} from '@undermesh/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeAgent, FakeConnection, fakeReport } from '../../test-support/index.js';
import { eventually, startCollector, type TestCollector } from '../support/collector.js';

const CLIENT = { address: '10.1.0.1', port: 40_000, workload: 1 };
const SERVER = { address: '10.1.0.2', port: 8080, workload: 2 };
const connection = (): FakeConnection => new FakeConnection({ client: CLIENT, server: SERVER });
const HELLO: Hello = {
  node: 'victim',
  cluster: 'default',
  agentVersion: '1',
  instance: 'i',
  bootId: 'b',
  abiVersion: 1,
};

let test: TestCollector;
let healthy: FakeAgent;
let delivered = 0;
beforeAll(async () => {
  test = await startCollector({
    ingest: { helloTimeoutMs: 300, idleTimeoutMs: 1_500, maxAgents: 6, credits: 8 },
  });
  healthy = test.agent('healthy');
  await healthy.connect();
});
afterAll(() => test.stop());

/** The healthy agent goes on as if nothing had happened. */
async function healthyGoesOn(): Promise<void> {
  const one = connection();
  await healthy.deliver([one.closed('source'), one.closed('destination')]);
  delivered += 2;
  expect(healthy.ending).toBeNull();
}

async function hungUpOn(agent: FakeAgent, code: string, closeCode: number): Promise<void> {
  await agent.until(() => agent.ending !== null);
  expect(agent.error?.code).toBe(code);
  expect(agent.ending?.code).toBe(closeCode);
  expect(test.collector.ingest.totals.rejected.get(code)).toBeGreaterThan(0);
  await healthyGoesOn();
}

const broken = (change: (view: DataView) => void): Uint8Array => {
  const agent = test.agent('victim');
  const message = encodeFrame(agent.header({ type: FRAME_TYPES.hello }), encodeMessage(HELLO));
  change(new DataView(message.buffer, message.byteOffset, message.byteLength));
  return message;
};

describe('an agent that misbehaves before its hello', () => {
  it.each<[string, number, () => Uint8Array | string]>([
    ['frame_not_binary', 1008, () => 'hello'],
    ['frame_truncated', 1002, () => broken(() => {}).subarray(0, 40)],
    ['frame_magic', 1002, () => broken((view) => view.setUint8(0, 0))],
    ['frame_version', 1002, () => broken((view) => view.setUint8(4, 9))],
    ['frame_type', 1002, () => broken((view) => view.setUint8(5, 99))],
    ['frame_oversized', 1002, () => broken((view) => view.setUint32(8, MAX_PAYLOAD_BYTES + 1, true))],
    ['frame_length', 1002, () => broken((view) => view.setUint32(8, 3, true))],
    ['frame_crc', 1002, () => broken((view) => view.setUint8(FRAME_HEADER_BYTES + 2, 0))],
  ])('is told %s', async (code, closeCode, message) => {
    const agent = test.agent('victim');
    await agent.open();
    agent.sendRaw(message());
    await hungUpOn(agent, code, closeCode);
  });

  it('is told hello_expected, hello_invalid, node_not_yours and hello_late', async () => {
    const cases: [string, (agent: FakeAgent) => void][] = [
      ['hello_expected', (agent) => agent.report()],
      ['hello_invalid', (agent) => agent.send(FRAME_TYPES.hello, { ...HELLO, node: 'no good' })],
      [
        'hello_invalid',
        (agent) => agent.sendRaw(encodeFrame(agent.header({ type: FRAME_TYPES.hello }), Buffer.from('{'))),
      ],
      ['node_not_yours', (agent) => agent.send(FRAME_TYPES.hello, { ...HELLO, node: 'healthy' })],
      ['hello_late', () => {}],
    ];
    for (const [code, act] of cases) {
      const agent = test.agent('victim');
      await agent.open();
      act(agent);
      await hungUpOn(agent, code, 1008);
    }
  });

  it('does not get in without its credential', async () => {
    const { url } = test;
    for (const credential of ['', 'x', `uma_${'0'.repeat(32)}_${'A'.repeat(43)}`]) {
      await expect(new FakeAgent({ url, node: 'victim', credential }).open()).rejects.toThrow(
        'upgrade refused: 401',
      );
    }
    const replaced = test.agent('victim');
    test.collector.credentials.create('victim');
    await expect(replaced.open()).rejects.toThrow('upgrade refused: 401');
    await healthyGoesOn();
  });

  it('is cut off above the largest message', async () => {
    const agent = test.agent('victim');
    await agent.open();
    agent.sendRaw(new Uint8Array(FRAME_HEADER_BYTES + MAX_PAYLOAD_BYTES + 1));
    await agent.until(() => agent.ending !== null);
    expect(agent.ending?.code).toBe(1009);
    await healthyGoesOn();
  });
});

describe('an agent that misbehaves after its hello', () => {
  it.each<[string, (agent: FakeAgent) => void]>([
    ['hello_repeated', (agent) => agent.send(FRAME_TYPES.hello, HELLO)],
    [
      'frame_unexpected',
      (agent) => agent.sendRaw(encodeFrame(agent.header({ type: FRAME_TYPES.ack }), new Uint8Array(0))),
    ],
    [
      'message_invalid',
      (agent) => agent.sendRaw(encodeFrame(agent.header({ type: FRAME_TYPES.report }), Buffer.from('[]'))),
    ],
    ['message_invalid', (agent) => agent.records([connection().closed('source')], { sequence: 0n })],
    ['abi_unknown', (agent) => agent.records([connection().closed('source')], { abiVersion: 9 })],
    ['records_size', (agent) => agent.records([new Uint8Array(184)])],
    ['records_size', (agent) => agent.records([new Uint8Array(1032)])],
    ['records_size', (agent) => agent.records([new Uint8Array(193)])],
    [
      'frame_unexpected',
      (agent) => {
        for (let i = 0; i < 9; i++) {
          agent.records([connection().closed('source')], {
            sequence: 1n,
            streamId: new Uint8Array(16).fill(i),
          });
        }
      },
    ],
  ])('is told %s', async (code, act) => {
    const agent = test.agent('victim');
    await agent.connect();
    act(agent);
    await hungUpOn(agent, code, 1008);
  });

  it('is forgotten when it goes away without a word', async () => {
    const agent = test.agent('victim');
    await agent.connect();
    agent.kill();
    await eventually(() => expect(test.collector.agents.get('victim')?.connected).toBe(false));
    await healthyGoesOn();
  });

  it('gives way to a newer connection of the same node', async () => {
    const agent = test.agent('victim');
    await agent.connect();
    const newer = new FakeAgent({ ...agent.options, streamId: agent.streamId });
    await newer.connect();
    await hungUpOn(agent, 'replaced', 1008);
    await newer.deliver([connection().closed('source')]);
    delivered += 1;
    await newer.close();
  });

  it('finds no room when there are too many', async () => {
    const agents: FakeAgent[] = [];
    for (let i = 0; i < 5; i++) {
      const agent = test.agent(`crowd-${i}`);
      await agent.connect();
      agents.push(agent);
    }
    const last = test.agent('victim');
    await last.open();
    await hungUpOn(last, 'too_many_agents', 1008);
    await Promise.all(agents.map((agent) => agent.close()));
  });
});

describe('an agent that would have the collector remember without end', () => {
  it('begins no more than 1,024 streams, and goes on with those it has', async () => {
    const agent = test.agent('inventive');
    const streamId = (number: number): Uint8Array => {
      const id = new Uint8Array(16);
      new DataView(id.buffer).setUint32(0, number);
      return id;
    };
    const { ingest } = test.collector;
    for (let number = 1; number <= 1_024; number++) {
      ingest.road({ node: 'inventive', cluster: 'default' }, Buffer.from(streamId(number)).toString('hex'));
    }
    await agent.open();
    agent.sendRaw(
      encodeFrame(agent.header({ type: FRAME_TYPES.hello }), encodeMessage({ ...HELLO, node: 'inventive' })),
    );
    await hungUpOn(agent, 'too_many_streams', 1008);
    const { options } = agent;
    const known = new FakeAgent({ ...options, streamId: streamId(7) });
    await known.connect();
    await known.close();
  });

  it('names no more than four clusters', () => {
    const { ingest } = test.collector;
    const begin = (cluster: string) => ingest.road({ node: 'nomad', cluster }, `${cluster}`.padEnd(32, '0'));
    for (const cluster of ['a', 'b', 'c', 'd']) begin(cluster);
    expect(() => begin('e')).toThrow('4 clusters');
  });
});

describe('a report that cannot be', () => {
  it.each([
    ['more ends than can be counted', { made: 1e308 }],
    ['more losses than can be counted', { lost: { ring_full: 1e300 } }],
  ])('%s: refused', async (_, change) => {
    const agent = test.agent('boaster');
    await agent.connect();
    agent.report(change);
    await hungUpOn(agent, 'message_invalid', 1008);
  });

  it('a start beyond all dates: refused, and the nodes are told of', async () => {
    const agent = test.agent('boaster');
    await agent.connect();
    const report = fakeReport();
    agent.send(FRAME_TYPES.report, { ...report, agent: { ...report.agent, startedAtMs: 1e300 } });
    await hungUpOn(agent, 'message_invalid', 1008);
    await test.get('/api/v1/nodes');
  });
});

describe('records of a time that cannot be', () => {
  it.each<[string, Uint8Array[], Partial<FrameHeader>]>([
    ['a clock beyond 73 years', [connection().closed('source')], { realtimeNs: 1n << 62n }],
    ['made beyond 73 years', [connection().closed('source', { timeNs: 1n << 61n })], {}],
    ['opened after they were made', [connection().closed('source', { timeNs: 5n, openedNs: 6n })], {}],
  ])('%s: counted as invalid', async (_, records, change) => {
    const invalid = test.collector.ingest.totals.invalid;
    const agent = test.agent('timeless');
    await agent.connect();
    await agent.deliver(records, change);
    expect(test.collector.ingest.totals.invalid).toBe(invalid + 1);
    await test.get('/api/v1/connections');
    await agent.close();
    await healthyGoesOn();
  });
});

describe('what is no WebSocket message', () => {
  it('is counted', async () => {
    const before = test.collector.ingest.totals.rejected.get('websocket_invalid') ?? 0;
    const { port, hostname } = new URL(test.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(
      `GET /ingest/v1 HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer ${test.collector.credentials.create('victim')}\r\n\r\n`,
    );
    await once(socket, 'data');
    socket.write(Buffer.from([0x82, 0x01, 0x00])); // not masked
    await once(socket, 'close');
    expect(test.collector.ingest.totals.rejected.get('websocket_invalid')).toBe(before + 1);
    await healthyGoesOn();
  });
});

describe('http records that cannot be', () => {
  const sound = (): Uint8Array => connection().http('source', [{}, {}]);
  const changed = (at: number, value: number): Uint8Array => {
    const record = sound();
    new DataView(record.buffer).setUint16(at, value, true);
    return record;
  };
  it.each<[string, () => Uint8Array[], number]>([
    ['more samples than fit', () => [changed(HttpRecord.sampleCount, 255)], 8],
    ['a status above 599', () => [changed(HttpRecord.samples + HttpSample.status, 65_535)], 2],
    ['a status below 100', () => [changed(HttpRecord.samples + HttpSample.status, 99)], 2],
    ['no room for samples', () => [sound().subarray(0, 192)], 0],
    [
      'an end behind them',
      () => {
        const end = new Uint8Array(HttpRecord.BYTES);
        end.set(connection().closed('source'));
        return [sound(), end];
      },
      0,
    ],
  ])('%s: counted as invalid, nothing else', async (_, records, lost) => {
    const before = await test.get<Status>('/api/v1/status');
    const invalid = test.collector.ingest.totals.invalid;
    const agent = test.agent('liar');
    await agent.connect();
    await agent.deliver(records());
    expect(test.collector.ingest.totals.invalid).toBe(invalid + 1);
    const after = await test.get<Status>('/api/v1/status');
    expect((after.requests?.lost.invalid ?? 0) - (before.requests?.lost.invalid ?? 0)).toBe(lost);
    expect(after.records.stored).toBe(before.records.stored);
    await agent.close();
    await healthyGoesOn();
  });
});

describe('10,000 random frames', () => {
  it('leave the collector as it was', { timeout: 120_000 }, async () => {
    const stored = (await test.get<Status>('/api/v1/status')).records.stored - delivered;
    global.gc?.();
    const before = process.memoryUsage().rss;
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 4294967296) * below);
    };
    const credential = test.collector.credentials.create('victim');
    let agent: FakeAgent | null = null;
    let invalidSent = 0;
    for (let i = 0; i < 10_000; i++) {
      if (agent === null || agent.ending !== null) {
        agent = new FakeAgent({ url: test.url, node: 'victim', credential });
        await agent.connect();
      }
      switch (random(4)) {
        case 0:
          agent.sendRaw(Uint8Array.from({ length: random(300) }, () => random(256)));
          break;
        case 1: {
          const message = encodeFrame(
            agent.header({ type: FRAME_TYPES.dictionary }),
            Buffer.from(JSON.stringify({ full: random(2) === 0, workloads: random(5), listeners: null })),
          );
          agent.sendRaw(message);
          break;
        }
        default: {
          // Well-formed frames full of nonsense: each record is looked at, none is believed.
          const record = Uint8Array.from(
            { length: random(2) === 0 ? ConnectionRecord.BYTES : HttpRecord.BYTES },
            () => random(256),
          );
          record[0] = 2 + random(200);
          agent.records(Array(1 + random(8)).fill(record));
          invalidSent++;
        }
      }
      if (i % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (i % 1000 === 0) await healthyGoesOn();
    }
    agent?.kill();
    await healthyGoesOn();
    expect(invalidSent).toBeGreaterThan(1000);
    const status = await test.get<Status>('/api/v1/status');
    expect(status.records.stored - stored).toBe(delivered);
    expect(status.records.lost.invalid).toBeGreaterThan(0);
    expect(status.records.made).toBe(
      status.records.stored + status.records.waiting + (status.records.lost.invalid ?? 0),
    );
    global.gc?.();
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});
