// SPDX-License-Identifier: Apache-2.0
// What a hostile agent sends, made from what an honest one would: whole connections of frames, each by a seed. All frames
// of a connection but the last keep to the protocol, however much they lie; so the last is the only one that may be refused
// for what it is, and none is sent in vain behind it.
import { crc32 } from 'node:zlib';
import { ABI_VERSION, ConnectionRecord, HttpRecord } from '@undermesh/bpf-abi';
import { FakeConnection, fakeReport } from '@undermesh/collector/test-support';
import {
  encodeFrame,
  encodeMessage,
  FRAME_HEADER_BYTES,
  FRAME_TYPES,
  MAX_PAYLOAD_BYTES,
} from '@undermesh/schema';
import { Chance } from './chance.mjs';
import { hostileJson } from './hostile-json.mjs';

/** Frames of one connection behind its hello. */
const MOST_FRAMES = 48;
const RECORD_SORTS = 64;
/** Streams that a hostile node speaks for again and again, beside those that it invents. */
const STREAMS = 16;
const CREDITS_DOUBLED = 512;
/** The last moment that a date can have. */
const LAST_DATE_MS = 8.64e15;

/** Members of a header by their place: what a frame may lie about. */
const header = {
  type: 5,
  flags: 6,
  payloadBytes: 8,
  crc: 12,
  sequence: 32,
  boottime: 40,
  realtime: 48,
  abi: 56,
};

export class FrameFuzzer {
  /** Frames made, by sort. */
  made = {};
  #chance;
  #node;
  #streams;
  #connectionRecords;
  #httpRecords;

  /** @param {string} node whose credential the connections show */
  constructor(seed, node) {
    this.#chance = new Chance(seed);
    this.#node = node;
    this.#streams = Array.from({ length: STREAMS }, () => ({ id: this.#chance.bytes(16), sequence: 0n }));
    const sorts = Array.from({ length: RECORD_SORTS }, (_, sort) => sampleOf(sort));
    this.#connectionRecords = sorts.flatMap((one) => [
      one.opened('source'),
      one.progress('destination'),
      one.closed('source'),
      one.closed('destination'),
      one.failed(),
    ]);
    this.#httpRecords = sorts.map((one, sort) =>
      one.http(
        sort % 2 ? 'source' : 'destination',
        Array.from({ length: 1 + (sort % 8) }, () => ({})),
      ),
    );
  }

  /** The messages of one connection, in order; a string stands for a text message. */
  connection() {
    const chance = this.#chance;
    const stream = chance.once(50) ? { id: chance.bytes(16), sequence: 0n } : chance.of(this.#streams);
    const messages = [];
    const add = (sort, ...made) => {
      this.made[sort] = (this.made[sort] ?? 0) + made.length;
      messages.push(...made);
    };
    if (!chance.once(16)) add('hello', this.#hello(stream));
    const frames = messages.length === 0 ? 0 : chance.below(MOST_FRAMES);
    for (let count = 0; count < frames; count += 1) {
      const sort = chance.of(soundSorts);
      add(sort, this.#sound(sort, stream));
    }
    const last = chance.of(wildSorts);
    add(last, ...this.#wild(last, stream));
    return messages;
  }

  #hello(stream, change = {}) {
    const hello = {
      node: this.#node,
      cluster: 'default',
      agentVersion: '0.0.0',
      instance: this.#chance.once(8) ? String(this.#chance.word()) : 'hostile',
      bootId: 'hostile',
      abiVersion: ABI_VERSION,
      ...change,
    };
    return this.#frame(FRAME_TYPES.hello, stream, encodeMessage(hello));
  }

  #frame(type, stream, payload, change = {}) {
    const now = BigInt(Date.now()) * 1_000_000n;
    const made = encodeFrame(
      {
        type,
        flags: 0,
        streamId: stream.id,
        sequence: 0n,
        boottimeNs: now,
        realtimeNs: now,
        abiVersion: 0,
        recordBytes: 0,
        recordCount: 0,
        ...change,
      },
      payload,
    );
    return Buffer.from(made.buffer, made.byteOffset, made.byteLength);
  }

  #records(stream, records, change = {}) {
    stream.sequence += 1n;
    const recordBytes = records[0]?.byteLength ?? ConnectionRecord.BYTES;
    const shape = { abiVersion: ABI_VERSION, recordBytes, recordCount: records.length };
    return this.#frame(FRAME_TYPES.records, stream, Buffer.concat(records), {
      sequence: stream.sequence,
      ...shape,
      ...change,
    });
  }

  #some(records, most = 8) {
    return Array.from({ length: this.#chance.below(most + 1) }, () => this.#chance.of(records));
  }

  /** A frame that the protocol allows. */
  #sound(sort, stream) {
    const chance = this.#chance;
    switch (sort) {
      case 'connection records':
        return this.#records(stream, this.#some(this.#connectionRecords));
      case 'http records':
        return this.#records(stream, this.#some(this.#httpRecords, 4));
      case 'records of both kinds': {
        const padded = Buffer.alloc(HttpRecord.BYTES);
        padded.set(chance.of(this.#connectionRecords));
        return this.#records(stream, [padded, ...this.#some(this.#httpRecords, 3)]);
      }
      case 'wrong content under a right CRC': {
        const message = this.#records(
          stream,
          this.#some(chance.once(2) ? this.#connectionRecords : this.#httpRecords),
        );
        const from = FRAME_HEADER_BYTES;
        for (let flips = 1 + chance.below(40); flips > 0 && message.length > from; flips -= 1)
          message[from + chance.below(message.length - from)] = chance.word();
        return sealed(message);
      }
      case 'records of noise':
        return this.#records(stream, [chance.bytes(8 * (24 + chance.below(40)))]);
      case 'a sequence come again':
        return this.#records(stream, this.#some(this.#connectionRecords), {
          sequence: 1n + (chance.long() % (stream.sequence + 1n)),
        });
      case 'a sequence jump': {
        // Now and then to the end of all sequences: whatever comes then has been there.
        const to = chance.once(64) ? 2n ** 64n - 1n : stream.sequence + BigInt(chance.word());
        if (to < 2n ** 63n) stream.sequence = to;
        return this.#records(stream, this.#some(this.#connectionRecords), { sequence: to === 0n ? 1n : to });
      }
      case 'a clock lie':
        return this.#records(stream, this.#some(this.#connectionRecords), {
          boottimeNs: chance.long(),
          realtimeNs: chance.once(2) ? chance.long() : BigInt(Date.now()) * 1_000_000n,
        });
      case 'a dictionary of lies':
        return this.#frame(FRAME_TYPES.dictionary, stream, encodeMessage(this.#dictionary()));
      case 'a report of lies':
        return this.#frame(FRAME_TYPES.report, stream, encodeMessage(this.#report()), {
          realtimeNs: chance.once(4) ? chance.long() : BigInt(Date.now()) * 1_000_000n,
        });
      default:
        throw new Error(`no such sort of frame: ${sort}`);
    }
  }

  #dictionary() {
    const chance = this.#chance;
    const few = (make) => Array.from({ length: chance.below(5) }, make);
    const name = () => (chance.once(8) ? `w-${chance.word().toString(36)}` : `w-${chance.below(100)}`);
    const address = () =>
      chance.of(['10.1.0.1', '0.0.0.0', '::', '127.0.0.1', `10.${chance.below(256)}.0.1`, 'x', '']);
    const netnsCookie = () => (chance.once(4) ? chance.long().toString() : String(chance.below(9)));
    return {
      full: chance.once(2),
      workloads: few(() => ({
        id: 1 + (chance.once(4) ? chance.word() >>> 1 : chance.below(200)),
        namespace: chance.once(8) ? '__proto__' : 'shop',
        name: name(),
        kind: chance.of(['process', 'configured', 'unknown']),
        system: chance.once(2),
        origin: 'x'.repeat(chance.below(512)),
      })),
      listeners: few(() => ({
        address: address(),
        port: 1 + chance.below(65_535),
        netnsCookie: netnsCookie(),
        workloadId: 1 + chance.below(200),
        open: chance.once(2),
      })),
      namespaces: few(() => ({ netnsCookie: netnsCookie(), addresses: few(address) })),
    };
  }

  #report(figures = [0, 1, 0.5, 4_294_967_295, Number.MAX_SAFE_INTEGER]) {
    const chance = this.#chance;
    const figure = () => chance.of(figures);
    const report = fakeReport({ made: figure(), waiting: figure(), open: figure() });
    report.records.lost = { ring_full: figure(), agent_killed: figure() };
    if (chance.once(2)) report.requests = { made: figure(), waiting: figure(), lost: { invalid: figure() } };
    report.agent.startedAtMs = Math.min(figure(), LAST_DATE_MS);
    report.agent.cpuSeconds = figure();
    report.kernel.features = { [chance.of(['__proto__', 'constructor', 'x'])]: true };
    return report;
  }

  /** What ends a connection, or may. */
  #wild(sort, stream) {
    const chance = this.#chance;
    const good = () =>
      chance.once(2)
        ? this.#records(stream, this.#some(this.#connectionRecords))
        : this.#frame(FRAME_TYPES.dictionary, stream, encodeMessage(this.#dictionary()));
    switch (sort) {
      case 'flipped bits': {
        const message = good();
        for (let flips = 1 + chance.below(4); flips > 0; flips -= 1)
          message[chance.below(message.length)] ^= 1 << chance.below(8);
        return [message];
      }
      case 'flipped bits of a header under a right CRC': {
        const message = good();
        for (let flips = 1 + chance.below(4); flips > 0; flips -= 1)
          message[chance.below(FRAME_HEADER_BYTES)] ^= 1 << chance.below(8);
        return [sealed(message)];
      }
      case 'cut short': {
        const message = good();
        return [message.subarray(0, chance.below(message.length))];
      }
      case 'too long':
        return [Buffer.concat([good(), chance.bytes(1 + chance.below(64))])];
      case 'a length that lies': {
        const message = good();
        message.writeUInt32LE(
          chance.of([0, 1, message.length, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1, 0xffffffff]),
          header.payloadBytes,
        );
        return [sealed(message)];
      }
      case 'a count that lies': {
        const message = this.#records(stream, this.#some(this.#connectionRecords));
        message.writeUInt32LE(chance.of([0, 1, 7, 0x7fffffff, 0xffffffff]), header.abi + 4);
        message.writeUInt16LE(chance.of([0, 1, 8, ConnectionRecord.BYTES, 1024, 65_535]), header.abi + 2);
        return [sealed(message)];
      }
      case 'a wrong CRC': {
        const message = good();
        message.writeUInt32LE(chance.word(), header.crc);
        return [message];
      }
      case 'a type that lies': {
        const message = good();
        message[header.type] = chance.below(10);
        return [sealed(message)];
      }
      case 'another version': {
        const message = good();
        message.writeUInt16LE(chance.word() & 0xffff, header.abi);
        if (chance.once(2)) message[4] = chance.word();
        return [sealed(message)];
      }
      case 'noise':
        return [chance.bytes(chance.below(512))];
      case 'nothing':
        return [Buffer.alloc(0)];
      case 'a giant': {
        const giant = Buffer.alloc(FRAME_HEADER_BYTES + MAX_PAYLOAD_BYTES, chance.word());
        good().copy(giant, 0, 0, FRAME_HEADER_BYTES);
        giant.writeUInt32LE(MAX_PAYLOAD_BYTES, header.payloadBytes);
        return [chance.once(32) ? sealed(giant) : giant.subarray(0, FRAME_HEADER_BYTES + chance.below(4096))];
      }
      case 'text':
        return [chance.of(['', 'GET / HTTP/1.1', '{"type":"hello"}', '\u0000'])];
      case 'hostile JSON':
        return [
          this.#frame(
            chance.of([FRAME_TYPES.dictionary, FRAME_TYPES.report, FRAME_TYPES.hello]),
            stream,
            hostileJson(chance),
          ),
        ];
      case 'a report beyond all bounds': {
        const report = this.#report([-1, 2 ** 53, 1e300, 1e308]);
        return [this.#frame(FRAME_TYPES.report, stream, encodeMessage(report))];
      }
      case 'another hello':
        return [
          this.#hello(
            stream,
            chance.of([{}, { node: 'neighbour' }, { node: '__proto__' }, { cluster: `c-${chance.word()}` }]),
          ),
        ];
      case 'a frame of the collector':
        return [
          this.#frame(
            chance.of([FRAME_TYPES.welcome, FRAME_TYPES.ack, FRAME_TYPES.error]),
            stream,
            Buffer.from('{}'),
          ),
        ];
      case 'sequence 0':
        return [this.#records(stream, this.#some(this.#connectionRecords), { sequence: 0n })];
      case 'streams without end':
        return Array.from({ length: 9 }, () =>
          this.#records({ id: chance.bytes(16), sequence: 0n }, this.#some(this.#connectionRecords, 1)),
        );
      case 'credits exceeded':
        // Seldom, because most of them come to nothing.
        if (!chance.once(64)) return [good()];
        return Array.from({ length: CREDITS_DOUBLED + 1 }, () =>
          this.#records(stream, this.#some(this.#connectionRecords, 1)),
        );
      default:
        throw new Error(`no such sort of frame: ${sort}`);
    }
  }
}

const soundSorts = [
  'connection records',
  'http records',
  'records of both kinds',
  'wrong content under a right CRC',
  'records of noise',
  'a sequence come again',
  'a sequence jump',
  'a clock lie',
  'a dictionary of lies',
  'a report of lies',
];
const wildSorts = [
  'flipped bits',
  'flipped bits of a header under a right CRC',
  'cut short',
  'too long',
  'a length that lies',
  'a count that lies',
  'a wrong CRC',
  'a type that lies',
  'another version',
  'noise',
  'nothing',
  'a giant',
  'text',
  'hostile JSON',
  'a report beyond all bounds',
  'another hello',
  'a frame of the collector',
  'sequence 0',
  'streams without end',
  'credits exceeded',
];

/** A connection between addresses that the neighbour uses too. */
const sampleOf = (sort) =>
  new FakeConnection({
    client: { address: `10.1.0.${1 + (sort % 8)}`, port: 40_000 + sort, workload: 1 + (sort % 200) },
    server: { address: `10.1.0.${10 + (sort % 16)}`, port: 8080, workload: 2 + (sort % 200) },
  });

/** Mends the CRC of a message, so that what lies behind it is reached. */
function sealed(message) {
  if (message.length < FRAME_HEADER_BYTES) return message;
  message.writeUInt32LE(0, header.crc);
  message.writeUInt32LE(crc32(message), header.crc);
  return message;
}
