// SPDX-License-Identifier: Apache-2.0
// What a hostile agent sends: whole WebSocket messages, each with the code that it must be answered with.
import { randomBytes, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ABI_VERSION, ConnectionRecord } from '@undermesh/bpf-abi';
import { encodeFrame, encodeMessage, FRAME_TYPES } from '@undermesh/schema';

const streamId = randomBytes(16);
const anyRecord = new Uint8Array(ConnectionRecord.BYTES);

function frame(type, payload, change = {}) {
  const now = BigInt(Date.now()) * 1_000_000n;
  const header = { type, flags: 0, streamId, sequence: 0n, boottimeNs: now, realtimeNs: now };
  return Buffer.from(
    encodeFrame({ ...header, abiVersion: 0, recordBytes: 0, recordCount: 0, ...change }, payload),
  );
}

const text = (string) => new TextEncoder().encode(string);

/** The hello that a node of this name would say. */
export const hello = (node, change = {}) =>
  frame(
    FRAME_TYPES.hello,
    encodeMessage({
      node,
      cluster: 'default',
      agentVersion: '0.0.0',
      instance: 'hostile',
      bootId: 'hostile',
      abiVersion: ABI_VERSION,
      ...change,
    }),
  );

const records = (payload, change = {}) =>
  frame(FRAME_TYPES.records, payload, {
    sequence: 1n,
    abiVersion: ABI_VERSION,
    recordBytes: ConnectionRecord.BYTES,
    recordCount: payload.byteLength / ConnectionRecord.BYTES,
    ...change,
  });

/** Changes bytes of a message, and with `sealed` mends its CRC, so that what lies behind it is reached. */
function changed(message, { at, bytes, sealed = true }) {
  const copy = Buffer.from(message);
  Buffer.from(bytes).copy(copy, at);
  return sealed ? seal(copy) : copy;
}

function seal(message) {
  message.writeUInt32LE(0, 12);
  message.writeUInt32LE(crc32(message), 12);
  return message;
}

/** Before any hello. */
export const openings = (node) => {
  const good = hello(node);
  return [
    { what: 'a truncated header', message: good.subarray(0, 20), code: 'frame_truncated' },
    { what: 'a truncated payload', message: good.subarray(0, good.length - 5), code: 'frame_length' },
    { what: 'an empty message', message: Buffer.alloc(0), code: 'frame_truncated' },
    { what: 'a wrong magic', message: changed(good, { at: 0, bytes: 'HTTP' }), code: 'frame_magic' },
    { what: 'a wrong version', message: changed(good, { at: 4, bytes: [9] }), code: 'frame_version' },
    { what: 'an unknown type', message: changed(good, { at: 5, bytes: [99] }), code: 'frame_type' },
    {
      what: 'a payload announced too large',
      message: changed(good, { at: 8, bytes: [0, 0, 0x20, 0] }),
      code: 'frame_oversized',
    },
    {
      what: 'a wrong CRC',
      message: changed(good, { at: 40, bytes: [1, 2, 3], sealed: false }),
      code: 'frame_crc',
    },
    { what: 'text', message: 'GET / HTTP/1.1', code: 'frame_not_binary' },
    { what: 'records before the hello', message: records(anyRecord), code: 'hello_expected' },
    { what: 'another node’s name', message: hello('left'), code: 'node_not_yours' },
    {
      what: 'a hello that is not JSON',
      message: frame(FRAME_TYPES.hello, text('{"node":')),
      code: 'hello_invalid',
    },
    {
      what: 'a hello that is not UTF-8',
      message: frame(FRAME_TYPES.hello, Buffer.from([0xff, 0xfe])),
      code: 'hello_invalid',
    },
    {
      what: 'a hello of the wrong shape',
      message: hello(node, { abiVersion: 'one' }),
      code: 'hello_invalid',
    },
    { what: 'a message above the limit', message: Buffer.alloc(3 << 20), closes: 1009 },
  ];
};

/** After a hello that was welcomed. */
export const continuations = (node) => [
  { what: 'a second hello', message: hello(node), code: 'hello_repeated' },
  {
    what: 'records that do not fill their payload',
    message: records(anyRecord, { recordCount: 7 }),
    code: 'frame_records',
  },
  {
    what: 'records of an unknown layout',
    message: records(anyRecord, { abiVersion: 900 }),
    code: 'abi_unknown',
  },
  {
    what: 'records of an odd size',
    message: records(new Uint8Array(13), { recordBytes: 13, recordCount: 1 }),
    code: 'records_size',
  },
  { what: 'records numbered 0', message: records(anyRecord, { sequence: 0n }), code: 'message_invalid' },
  {
    what: 'a frame that only collectors send',
    message: frame(FRAME_TYPES.ack, text('{}')),
    code: 'frame_unexpected',
  },
  {
    what: 'a dictionary that is not one',
    message: frame(FRAME_TYPES.dictionary, text('[1,2]')),
    code: 'message_invalid',
  },
  {
    what: 'a report that is not one',
    message: frame(FRAME_TYPES.report, text('{"records":{"made":-1}}')),
    code: 'message_invalid',
  },
];

/**
 * A message with chance in it: noise, a good frame with bytes changed, or one whose CRC is right all the same.
 * @returns {{ afterHello: boolean, message: Buffer }}
 */
export function randomMessage(node) {
  const afterHello = randomInt(2) === 1;
  const kind = randomInt(4);
  if (kind === 0) return { afterHello, message: randomBytes(randomInt(4096)) };
  const good = [
    hello(node),
    records(randomBytes(ConnectionRecord.BYTES * (1 + randomInt(8))), {
      sequence: BigInt(1 + randomInt(1000)),
    }),
    frame(
      FRAME_TYPES.dictionary,
      text(JSON.stringify({ full: true, workloads: [], listeners: [], namespaces: [] })),
    ),
    frame(1 + randomInt(7), randomBytes(randomInt(512))),
  ][randomInt(4)];
  for (let flips = 1 + randomInt(12); flips > 0; flips -= 1) good[randomInt(good.length)] = randomInt(256);
  if (kind === 3 && good.length >= 16) {
    if (randomInt(2) === 0) good.write('UMF1\u0001', 0, 'latin1');
    seal(good);
  }
  return { afterHello, message: kind === 2 ? good.subarray(0, randomInt(good.length)) : good };
}
