// SPDX-License-Identifier: Apache-2.0
import { createLogger, setLogLevel } from '@undermesh/core';
import {
  type Command,
  type Dictionary,
  encodeMessage,
  FRAME_FLAG_SENT_AGAIN,
  FRAME_TYPES,
  type Report,
} from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Backlog } from '../../src/records/backlog.js';
import { FrameBuilder } from '../../src/records/frame-builder.js';
import { Uplink, type UplinkOptions } from '../../src/uplink/uplink.js';
import { recordWords } from '../identity/fixture-host.js';
import { encodeControl, TestCollector, type TestCollectorOptions } from '../test-collector.js';

const CLOCK = { boottime: 1n, realtime: 2n };
const HELLO = { node: 'n', cluster: 'default', agentVersion: '0', instance: 'i', bootId: 'b', abiVersion: 1 };
const entry = (id: number) =>
  ({ id, namespace: 'host', name: `w${id}`, kind: 'process', system: false }) as const;

/** A dictionary that grows by one workload whenever `grow` is called. */
class TestDictionary {
  size = 0;
  #told = 0;

  grow(): void {
    this.size++;
  }

  whole(): Dictionary[] {
    this.#told = 0;
    return this.#part(true);
  }

  changes(): Dictionary[] {
    return this.#told === this.size ? [] : this.#part(false);
  }

  #part(full: boolean): Dictionary[] {
    const workloads = Array.from({ length: this.size - this.#told }, (_, i) => entry(this.#told + i + 1));
    this.#told = this.size;
    return [{ full, workloads, listeners: [], namespaces: [] }];
  }
}

describe('uplink', () => {
  let collector: TestCollector;
  let uplink: Uplink;
  let backlog: Backlog;
  let builder: FrameBuilder;
  let dictionary: TestDictionary;
  let newCollectors: number;
  let commands: { command: Command; collectorNowMs: number }[];

  beforeEach(() => {
    setLogLevel('silent');
    backlog = new Backlog(1 << 24);
    builder = new FrameBuilder(new Uint8Array(16).fill(1));
    dictionary = new TestDictionary();
    newCollectors = 0;
    commands = [];
  });
  afterEach(async () => {
    await uplink.stop();
    await collector.stop();
  });

  const start = async (collectorOptions: TestCollectorOptions = {}, options: Partial<UplinkOptions> = {}) => {
    collector = await new TestCollector(collectorOptions).start();
    uplink = new Uplink({
      url: collector.url,
      access: () => ({ credential: 'secret' }),
      hello: () => HELLO,
      streamId: new Uint8Array(16).fill(1),
      backlog,
      dictionary,
      clock: () => CLOCK,
      onNewCollector: () => newCollectors++,
      onCommand: (command, collectorNowMs) => commands.push({ command, collectorNowMs }),
      maxBackoffMs: 50,
      log: createLogger('uplink'),
      ...options,
    });
    uplink.start();
  };
  const welcomed = () => collector.until(() => uplink.state === 'welcomed', 'a welcome');
  const makeFrames = (count: number, ends = 1) => {
    for (let i = 0; i < count; i++) {
      const record = recordWords({ cgroupId: 1, pid: 1, process: 'x' });
      builder.target.set(new Uint8Array(record.buffer));
      builder.records = 1;
      builder.ends = ends;
      backlog.push(builder.seal(backlog.nextSequence, CLOCK));
    }
  };
  const sequences = () => collector.frames(FRAME_TYPES.records).map(({ sequence }) => Number(sequence));

  it('says hello with its credential, then the whole dictionary, then records; acks empty the backlog', async () => {
    dictionary.grow();
    makeFrames(3);
    await start();
    await collector.until(() => backlog.frames === 0, 'acknowledgements');
    expect(collector.authorizations).toEqual(['Bearer secret']);
    const types = collector.received.map(({ frame }) => frame.type);
    expect(types).toEqual([FRAME_TYPES.hello, FRAME_TYPES.dictionary, ...Array(3).fill(FRAME_TYPES.records)]);
    expect(collector.dictionaries()[0]?.full).toBe(true);
    expect(sequences()).toEqual([1, 2, 3]);
    expect(backlog.acknowledgedEnds).toBe(3);
    expect(await uplink.flush(100)).toBe(true);
  });

  it('tries again when it has nothing to say yet', async () => {
    let asked = 0;
    const hello = () => {
      if (asked++ < 2) throw new Error('not yet');
      return HELLO;
    };
    await start({}, { hello });
    await welcomed();
    expect(asked).toBe(3);
  });

  it('hands down orders, with the time as the collector has it', async () => {
    await start({ clockAheadMs: 3_600_000 });
    await welcomed();
    const command: Command = { generation: 3, engine: 'dual-engine', deadline: new Date().toISOString() };
    collector.send(FRAME_TYPES.command, command);
    await collector.until(() => commands.length === 1, 'the order');
    expect(commands[0]?.command).toEqual(command);
    expect(commands[0]?.collectorNowMs).toBeGreaterThan(Date.now() + 3_500_000);
    collector.sendRaw(encodeControl(FRAME_TYPES.command, Buffer.from('{"generation":0}')));
    await collector.until(() => collector.connections === 2, 'another connection');
    expect(commands).toHaveLength(1);
  });

  it('sends changes of the dictionary before the records that need them', async () => {
    await start();
    await welcomed();
    dictionary.grow();
    makeFrames(1);
    uplink.pump();
    dictionary.grow();
    makeFrames(1);
    uplink.pump();
    await collector.until(() => sequences().length === 2, 'two frames');
    const { dictionary: explained, records, hello } = FRAME_TYPES;
    const types = collector.received.map(({ frame }) => frame.type);
    expect(types).toEqual([hello, explained, explained, records, explained, records]);
    expect(
      collector.dictionaries().map(({ full, workloads }) => [full, workloads.map(({ id }) => id)]),
    ).toEqual([
      [true, []],
      [false, [1]],
      [false, [2]],
    ]);
  });

  it('never has more in flight than the credits allow, and waits at none', async () => {
    makeFrames(10);
    await start({ credits: 3, acknowledge: false });
    await collector.until(() => sequences().length === 3, 'three frames');
    uplink.pump();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sequences()).toEqual([1, 2, 3]);
    collector.ack(2n, 3);
    await collector.until(() => sequences().length === 5, 'two more');
    collector.ack(5n, 0);
    await collector.until(() => backlog.frames === 5, 'the acknowledgement');
    uplink.pump();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sequences()).toEqual([1, 2, 3, 4, 5]);
    expect(uplink.ready).toBe(false);
    collector.ack(5n, 100);
    await collector.until(() => sequences().length === 10, 'the rest');
  });

  it('sends again what was not acknowledged, and says so', async () => {
    makeFrames(4);
    await start({ acknowledge: false });
    await collector.until(() => sequences().length === 4, 'four frames');
    collector.ack(1n);
    await collector.until(() => backlog.frames === 3, 'the first acknowledgement');
    // Stored as well, but the acknowledgement is lost with the connection.
    collector.acknowledged = 2n;
    collector.options = { acknowledge: true };
    collector.drop();
    makeFrames(1);
    await collector.until(() => backlog.frames === 0, 'the rest');
    const again = collector.received.filter(
      ({ connection, frame }) => connection === 2 && frame.type === FRAME_TYPES.records,
    );
    expect(again.map(({ frame }) => [Number(frame.sequence), frame.flags])).toEqual([
      [3, FRAME_FLAG_SENT_AGAIN],
      [4, FRAME_FLAG_SENT_AGAIN],
      [5, 0],
    ]);
    expect(backlog.acknowledgedEnds).toBe(5);
    expect(newCollectors).toBe(0);
  });

  it('goes through many broken connections without losing or doubling a frame', async () => {
    await start({ credits: 4 });
    for (let i = 0; i < 60; i++) {
      makeFrames(3);
      uplink.pump();
      if (i % 7 === 3) collector.drop();
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await collector.until(() => backlog.frames === 0, 'everything');
    expect([...new Set(sequences())].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 180 }, (_, i) => i + 1),
    );
    expect(backlog.acknowledgedEnds).toBe(180);
    expect(uplink.reconnects).toBeGreaterThan(2);
  });

  it('waits for a collector that is not there yet, and notices one that lost its memory', async () => {
    await start();
    await welcomed();
    await collector.until(() => collector.dictionaries().length === 1, 'the first dictionary');
    await collector.stop();
    makeFrames(2);
    await collector.until(() => uplink.state !== 'welcomed', 'the loss of the connection');
    collector.options = { collectorId: 'collector-2' };
    collector.acknowledged = 0n;
    await collector.start();
    await collector.until(() => backlog.frames === 0, 'the frames');
    expect(newCollectors).toBe(1);
    expect(collector.dictionaries().map(({ full }) => full)).toEqual([true, true]);
  });

  it.each([
    ['bytes that are no frame', (c: TestCollector) => c.sendRaw(new Uint8Array(100))],
    ['nothing', (c: TestCollector) => c.sendRaw(new Uint8Array())],
    ['text', (c: TestCollector) => c.sendRaw('hello')],
    [
      'a frame cut short',
      (c: TestCollector) => c.sendRaw(encodeControl(FRAME_TYPES.ack, new Uint8Array(9)).slice(0, 70)),
    ],
    ['no JSON', (c: TestCollector) => c.sendRaw(encodeControl(FRAME_TYPES.ack, new Uint8Array([0xff])))],
    ['another shape', (c: TestCollector) => c.send(FRAME_TYPES.ack, { sequence: '-1', credits: 1 })],
    [
      'an acknowledgement of what was never made',
      (c: TestCollector) => c.send(FRAME_TYPES.ack, { sequence: '99', credits: 1 }),
    ],
    ['a hello', (c: TestCollector) => c.sendRaw(encodeControl(FRAME_TYPES.hello, encodeMessage(HELLO)))],
    ['an error', (c: TestCollector) => c.send(FRAME_TYPES.error, { code: 'frame_crc', message: 'bad' })],
    [
      'a second welcome',
      (c: TestCollector) =>
        c.send(FRAME_TYPES.welcome, {
          collectorId: 'x',
          collectorVersion: '1',
          credits: 9,
          acknowledged: '0',
        }),
    ],
  ])('ends the connection and begins another when the collector sends %s', async (_, misbehave) => {
    await start();
    await welcomed();
    makeFrames(1);
    misbehave(collector);
    await collector.until(
      () => collector.connections === 2 && uplink.state === 'welcomed',
      'another connection',
    );
    await collector.until(() => backlog.frames === 0, 'the frame');
  });

  it('keeps trying when it is refused, and says why', async () => {
    let credential = 'wrong';
    await start({ token: 'right' }, { access: () => ({ credential }) });
    await collector.until(() => uplink.reconnects >= 2, 'two refusals');
    expect(uplink.problem).toContain('The collector answered 401');
    credential = 'right';
    await welcomed();
    expect(uplink.problem).toBeUndefined();
  });

  it('keeps trying when its credential cannot be read', async () => {
    let readable = false;
    const access = () => {
      if (!readable) throw new Error('no such file');
      return { credential: 'x' };
    };
    await start({}, { access });
    await collector.until(() => uplink.reconnects >= 2, 'two attempts');
    expect(collector.connections).toBe(0);
    readable = true;
    await welcomed();
  });

  it('goes over to another connection: the former one serves until it is open, and nothing is sent twice for good', async () => {
    let credential = 'first';
    await start({}, { access: () => ({ credential }) });
    await welcomed();
    makeFrames(2);
    uplink.pump();
    await collector.until(() => backlog.frames === 0, 'the first frames');
    credential = 'second';
    await uplink.renew();
    makeFrames(2);
    await collector.until(() => uplink.welcomes === 2, 'the second welcome');
    uplink.pump();
    await collector.until(() => backlog.frames === 0, 'the other frames');
    expect(collector.authorizations).toEqual(['Bearer first', 'Bearer second']);
    expect(sequences()).toEqual([1, 2, 3, 4]);
    expect(uplink.reconnects).toBe(0);
  });

  it('keeps its connection when the other one is refused', async () => {
    let credential = 'right';
    const refused: string[] = [];
    const onRefused = (code: string) => refused.push(code);
    await start({ token: 'right' }, { access: () => ({ credential }), onRefused });
    await welcomed();
    credential = 'wrong';
    await expect(uplink.renew()).rejects.toThrow('The collector answered 401');
    expect([uplink.state, refused]).toEqual(['welcomed', ['uplink_refused']]);
    makeFrames(1);
    uplink.pump();
    await collector.until(() => backlog.frames === 0, 'the frame');
    expect([collector.connections, uplink.reconnects]).toEqual([1, 0]);
  });

  it('leaves a collector that has gone silent', async () => {
    await start({}, { silenceMs: 200 });
    await welcomed();
    // A paused socket answers no ping.
    collector.pause();
    await collector.until(() => collector.connections === 2, 'another connection');
  });

  it('sends reports only while welcomed', async () => {
    await start();
    const report = { marker: 1 } as unknown as Report;
    uplink.report(report);
    await welcomed();
    uplink.report(report);
    await collector.until(() => collector.reports().length === 1, 'a report');
  });

  it('stops at once while it is trying to connect', async () => {
    await start();
    await collector.stop();
    const before = performance.now();
    await uplink.stop();
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(uplink.state).toBe('stopped');
  });
});
