// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { LiveMessage, type LiveRequest } from '@undermesh/schema';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FakeConnection } from '../../test-support/index.js';
import { eventually, startCollector, type TestCollector } from '../support/collector.js';

let test: TestCollector;
let socket: WebSocket;
let messages: LiveMessage[];
beforeEach(async () => {
  test = await startCollector({ limits: { subscriptions: 3 } });
  socket = new WebSocket(`${test.url.replace('http', 'ws')}/api/v1/live`);
  messages = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as LiveMessage));
  await once(socket, 'open');
});
afterEach(async () => {
  socket.terminate();
  await test.stop();
});
const say = (request: LiveRequest | object | string): void =>
  socket.send(typeof request === 'string' ? request : JSON.stringify(request));
const ofId = (id: string): LiveMessage[] =>
  messages.filter((message) => 'id' in message && message.id === id);

async function traffic(name: string): Promise<void> {
  const agent = test.agent(`node-${name}`);
  await agent.connect();
  agent.dictionary({
    workloads: [
      { id: 1, namespace: 'shop', name, kind: 'process', system: false },
      { id: 2, namespace: 'shop', name: 'stock', kind: 'process', system: false },
    ],
  });
  const one = new FakeConnection({
    client: { address: '10.0.0.1', port: 1000, workload: 1 },
    server: { address: '10.0.0.2', port: 80, workload: 2 },
  });
  await agent.deliver([one.closed('source'), one.closed('destination')]);
}

describe('/api/v1/live', () => {
  it('sends status at once and every second, numbered', async () => {
    say({ type: 'subscribe', id: 's', topic: 'status' });
    await eventually(() => expect(ofId('s').length).toBeGreaterThanOrEqual(3));
    expect(ofId('s').map((message) => 'sequence' in message && message.sequence)).toEqual(
      ofId('s').map((_, i) => i),
    );
    for (const message of messages) expect([...Value.Errors(LiveMessage, message)]).toEqual([]);
    say({ type: 'unsubscribe', id: 's' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const count = messages.length;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(messages).toHaveLength(count);
  });

  it('sends a topology whole, then what changed', async () => {
    await traffic('cart');
    say({ type: 'subscribe', id: 't', topic: 'topology', query: { window: 60 } });
    await eventually(() => expect(ofId('t')).toHaveLength(1));
    expect(ofId('t')[0]).toMatchObject({
      type: 'topology',
      sequence: 0,
      data: { edges: [{ sourceName: 'cart' }] },
    });
    await traffic('desk');
    await eventually(() => {
      const delta = ofId('t').find(
        (message) =>
          message.type === 'topology-delta' && message.edges.some((edge) => edge.sourceName === 'desk'),
      );
      expect(delta).toMatchObject({ removedEdges: [], removedVertices: [] });
      expect(delta?.type === 'topology-delta' && delta.edges.map((edge) => edge.sourceName)).toEqual([
        'desk',
      ]);
    });
    for (const message of messages) expect([...Value.Errors(LiveMessage, message)]).toEqual([]);
  });

  it('sends connections as they end', async () => {
    say({ type: 'subscribe', id: 'c', topic: 'connections', query: {} });
    await eventually(() => expect(ofId('c')).toHaveLength(1));
    await traffic('cart');
    await eventually(() => {
      const items = ofId('c').flatMap((message) => (message.type === 'connections' ? message.items : []));
      expect(items).toHaveLength(1);
      expect(items[0]).toMatchObject({ source: { workload: 'cart' }, destination: { workload: 'stock' } });
    });
  });

  it('answers problems and goes on', async () => {
    say('{');
    say({ type: 'subscribe', id: 'x', topic: 'weather' });
    say({ type: 'subscribe', id: 'y', topic: 'topology', query: { level: 'galaxy' } });
    say('x'.repeat(20_000));
    socket.send(Buffer.from('binary'));
    for (const id of ['a', 'b', 'c', 'd']) say({ type: 'subscribe', id, topic: 'status' });
    await eventually(() => {
      const codes = messages.flatMap((message) => (message.type === 'error' ? [message.problem.code] : []));
      expect(codes).toEqual([...Array(5).fill('request_invalid'), 'too_many_subscriptions']);
    });
    expect(messages.some((message) => message.type === 'status')).toBe(true);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it('takes a subscription of the same id for a new one', async () => {
    for (let i = 0; i < 10; i++) say({ type: 'subscribe', id: 's', topic: 'status' });
    await eventually(() => expect(ofId('s').length).toBeGreaterThanOrEqual(11));
    expect(messages.every((message) => message.type === 'status')).toBe(true);
  });
});
