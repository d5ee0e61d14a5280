// SPDX-License-Identifier: Apache-2.0
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  decodeFrame,
  encodeFrame,
  FRAME_HEADER_BYTES,
  FRAME_TYPES,
  FrameError,
  type FrameHeader,
  MAX_PAYLOAD_BYTES,
  sealFrame,
} from '../src/index.js';

const header: FrameHeader = {
  type: FRAME_TYPES.records,
  flags: 1,
  streamId: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
  sequence: 0x0102030405060708n,
  boottimeNs: 123_456_789_012_345n,
  realtimeNs: 1_763_800_000_123_456_789n,
  abiVersion: 1,
  recordBytes: 8,
  recordCount: 2,
};
const payload = Uint8Array.from({ length: 16 }, (_, i) => 255 - i);

/** The layout is frozen: agents and collectors of different ages must read each other. Change it only with the frame version. */
const GOLDEN =
  '554d46310104010010000000f6dca78a0102030405060708090a0b0c0d0e0f10' +
  '080706050403020179df0d8648700000154d314ec1467a180100080002000000' +
  'fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** Sets bytes and makes the checksum right again. */
function altered(change: (view: DataView) => void, message = encodeFrame(header, payload)): Uint8Array {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  change(view);
  view.setUint32(12, 0, true);
  view.setUint32(12, crc32(message), true);
  return message;
}
function codeOf(message: Uint8Array): string {
  try {
    decodeFrame(message);
  } catch (error) {
    if (error instanceof FrameError) return error.code;
    throw error;
  }
  return 'decoded';
}

describe('frames', () => {
  it('have exactly these bytes', () => {
    expect(hex(encodeFrame(header, payload))).toBe(GOLDEN);
  });

  it('are read back whole, without a copy of the payload', () => {
    const message = new Uint8Array(Buffer.from(GOLDEN, 'hex'));
    const frame = decodeFrame(message);
    expect({ ...frame, streamId: hex(frame.streamId), payload: hex(frame.payload) }).toEqual({
      ...header,
      streamId: hex(header.streamId),
      payload: hex(payload),
    });
    expect(frame.payload.buffer).toBe(message.buffer);
  });

  it('are sealed in place', () => {
    const message = new Uint8Array(FRAME_HEADER_BYTES + payload.byteLength);
    message.set(payload, FRAME_HEADER_BYTES);
    sealFrame(message, header);
    expect(hex(message)).toBe(GOLDEN);
    sealFrame(message, { ...header, flags: 0 });
    expect(decodeFrame(message).flags).toBe(0);
  });

  it('are read wherever they stand in a buffer', () => {
    const buffer = new Uint8Array(200);
    const message = encodeFrame(header, payload);
    buffer.set(message, 7);
    expect(decodeFrame(buffer.subarray(7, 7 + message.byteLength)).sequence).toBe(header.sequence);
  });

  it.each<[string, () => Uint8Array]>([
    ['frame_truncated', () => new Uint8Array(0)],
    ['frame_truncated', () => encodeFrame(header, payload).subarray(0, FRAME_HEADER_BYTES - 1)],
    ['frame_magic', () => altered((view) => view.setUint8(0, 0x56))],
    ['frame_version', () => altered((view) => view.setUint8(4, 2))],
    ['frame_type', () => altered((view) => view.setUint8(5, 0))],
    ['frame_type', () => altered((view) => view.setUint8(5, FRAME_TYPES.command + 1))],
    ['frame_oversized', () => altered((view) => view.setUint32(8, MAX_PAYLOAD_BYTES + 1, true))],
    ['frame_length', () => altered((view) => view.setUint32(8, 15, true))],
    ['frame_length', () => encodeFrame(header, payload).subarray(0, FRAME_HEADER_BYTES + 15)],
    [
      'frame_crc',
      () => {
        const message = encodeFrame(header, payload);
        message[70] = 0;
        return message;
      },
    ],
    ['frame_records', () => altered((view) => view.setUint16(58, 0, true))],
    ['frame_records', () => altered((view) => view.setUint32(60, 3, true))],
    ['decoded', () => altered((view) => view.setUint16(56, 999, true))],
    [
      'decoded',
      () => encodeFrame({ ...header, type: FRAME_TYPES.hello, recordBytes: 0, recordCount: 0 }, payload),
    ],
  ])('answer %s', (code, message) => {
    expect(codeOf(message())).toBe(code);
  });

  it('may be as large as the limit and no larger', () => {
    const large = { ...header, recordBytes: 8, recordCount: MAX_PAYLOAD_BYTES / 8 };
    expect(codeOf(encodeFrame(large, new Uint8Array(MAX_PAYLOAD_BYTES)))).toBe('decoded');
    expect(() => encodeFrame(large, new Uint8Array(MAX_PAYLOAD_BYTES + 1))).toThrow(FrameError);
  });

  it('survive 10,000 random mutations: each is noticed or harmless, none throws anything else', () => {
    let state = 42;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 4294967296) * below);
    };
    const original = encodeFrame(header, payload);
    let decoded = 0;
    for (let i = 0; i < 10_000; i++) {
      let message = original.slice();
      for (let n = 1 + random(4); n > 0; n--) message[random(message.byteLength)] = random(256);
      if (random(4) === 0) message = message.subarray(0, random(message.byteLength + 1));
      if (random(8) === 0) message = Uint8Array.from({ length: random(200) }, () => random(256));
      if (codeOf(message) === 'decoded') {
        decoded++;
        expect(hex(message)).toBe(GOLDEN);
      }
    }
    expect(decoded).toBeLessThan(100);
  });
});
