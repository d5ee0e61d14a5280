// SPDX-License-Identifier: Apache-2.0
import { crc32 } from 'node:zlib';

/**
 * The wire format between agent and collector on `/ingest/v1`: one WebSocket message is one frame, a fixed header
 * and a payload. Little-endian. The CRC-32 (IEEE 802.3) covers the header with its own four bytes as zero, and the
 * payload.
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | u32 | magic `UMF1` (bytes 55 4d 46 31) |
 * | 4 | u8 | frame version |
 * | 5 | u8 | type, see {@link FRAME_TYPES} |
 * | 6 | u16 | flags: bit 0 set when this frame is sent again |
 * | 8 | u32 | payload bytes |
 * | 12 | u32 | CRC-32 |
 * | 16 | 16 bytes | stream id: made with the ring, kept by whoever adopts the ring |
 * | 32 | u64 | sequence; in `records` frames it counts them from 1; 0 in all others |
 * | 40 | u64 | CLOCK_BOOTTIME of the node, ns |
 * | 48 | u64 | CLOCK_REALTIME of the node at the same moment, ns |
 * | 56 | u16 | ABI version of the records |
 * | 58 | u16 | bytes per record |
 * | 60 | u32 | records in the payload |
 */
export const FRAME_HEADER_BYTES = 64;
export const FRAME_MAGIC = 0x31464d55;
export const FRAME_VERSION = 1;
/** Largest payload a collector accepts. An agent stays far below it (256 KiB). */
export const MAX_PAYLOAD_BYTES = 1 << 20;
/** Largest payload an agent makes. */
export const AGENT_PAYLOAD_BYTES = 1 << 18;

/** Frame types. `records` carries raw records; all other payloads are UTF-8 JSON, see messages.ts. */
export const FRAME_TYPES = {
  hello: 1,
  welcome: 2,
  dictionary: 3,
  records: 4,
  report: 5,
  ack: 6,
  error: 7,
  command: 8,
} as const;
export type FrameType = (typeof FRAME_TYPES)[keyof typeof FRAME_TYPES];
export const FRAME_FLAG_SENT_AGAIN = 1;

/** Everything in a frame but the payload. 64-bit values are bigint: sequence and clocks need all their bits. */
export interface FrameHeader {
  type: FrameType;
  flags: number;
  /** 16 bytes. */
  streamId: Uint8Array;
  sequence: bigint;
  boottimeNs: bigint;
  realtimeNs: bigint;
  abiVersion: number;
  recordBytes: number;
  recordCount: number;
}

/** A decoded frame; `payload` is a view of the message, not a copy. */
export interface Frame extends FrameHeader {
  payload: Uint8Array;
}

/** Why a message is not a frame. `code` is stable and is what the sender is told. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  constructor(
    readonly code:
      | 'frame_truncated'
      | 'frame_magic'
      | 'frame_version'
      | 'frame_type'
      | 'frame_oversized'
      | 'frame_length'
      | 'frame_crc'
      | 'frame_records',
    message: string,
  ) {
    super(message);
  }
}

/** Encodes a frame into a new buffer. Throws FrameError `frame_oversized` above {@link MAX_PAYLOAD_BYTES}. */
export function encodeFrame(header: FrameHeader, payload: Uint8Array): Uint8Array {
  const message = new Uint8Array(FRAME_HEADER_BYTES + payload.byteLength);
  message.set(payload, FRAME_HEADER_BYTES);
  sealFrame(message, header);
  return message;
}

/**
 * Writes the header of a frame whose payload already stands behind {@link FRAME_HEADER_BYTES} free bytes: the way
 * to send records without copying them. `message` is exactly header and payload.
 */
export function sealFrame(message: Uint8Array, header: FrameHeader): void {
  const payloadBytes = message.byteLength - FRAME_HEADER_BYTES;
  if (payloadBytes > MAX_PAYLOAD_BYTES) {
    throw new FrameError(
      'frame_oversized',
      `a payload of ${payloadBytes} bytes exceeds ${MAX_PAYLOAD_BYTES}`,
    );
  }
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  view.setUint32(0, FRAME_MAGIC, true);
  view.setUint8(4, FRAME_VERSION);
  view.setUint8(5, header.type);
  view.setUint16(6, header.flags, true);
  view.setUint32(8, payloadBytes, true);
  view.setUint32(12, 0, true);
  message.set(header.streamId.subarray(0, 16), 16);
  view.setBigUint64(32, header.sequence, true);
  view.setBigUint64(40, header.boottimeNs, true);
  view.setBigUint64(48, header.realtimeNs, true);
  view.setUint16(56, header.abiVersion, true);
  view.setUint16(58, header.recordBytes, true);
  view.setUint32(60, header.recordCount, true);
  view.setUint32(12, crc32(message), true);
}

const KNOWN_TYPES = new Set<number>(Object.values(FRAME_TYPES));
const CRC_FIELD_AS_ZERO = new Uint8Array(4);

/** Decodes and verifies one message. Throws {@link FrameError}; never reads outside the message, allocates nothing per record. */
export function decodeFrame(message: Uint8Array): Frame {
  if (message.byteLength < FRAME_HEADER_BYTES) {
    throw new FrameError(
      'frame_truncated',
      `${message.byteLength} bytes are less than a header of ${FRAME_HEADER_BYTES}`,
    );
  }
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint32(0, true) !== FRAME_MAGIC) {
    throw new FrameError('frame_magic', 'this is not an Undermesh frame: the first four bytes are not UMF1');
  }
  const version = view.getUint8(4);
  if (version !== FRAME_VERSION) {
    throw new FrameError(
      'frame_version',
      `frame version ${version} is not understood here; this end speaks ${FRAME_VERSION}`,
    );
  }
  const type = view.getUint8(5);
  if (!KNOWN_TYPES.has(type)) throw new FrameError('frame_type', `frame type ${type} is unknown`);
  const payloadBytes = view.getUint32(8, true);
  if (payloadBytes > MAX_PAYLOAD_BYTES) {
    throw new FrameError(
      'frame_oversized',
      `a payload of ${payloadBytes} bytes exceeds ${MAX_PAYLOAD_BYTES}`,
    );
  }
  if (payloadBytes !== message.byteLength - FRAME_HEADER_BYTES) {
    throw new FrameError(
      'frame_length',
      `the header announces ${payloadBytes} payload bytes, the message has ${message.byteLength - FRAME_HEADER_BYTES}`,
    );
  }
  const announced = view.getUint32(12, true);
  let computed = crc32(message.subarray(0, 12));
  computed = crc32(CRC_FIELD_AS_ZERO, computed);
  computed = crc32(message.subarray(16), computed);
  if (announced !== computed) {
    throw new FrameError(
      'frame_crc',
      `CRC-32 is ${computed.toString(16)}, the header says ${announced.toString(16)}`,
    );
  }
  const recordBytes = view.getUint16(58, true);
  const recordCount = view.getUint32(60, true);
  if (type === FRAME_TYPES.records && (recordBytes === 0 || recordBytes * recordCount !== payloadBytes)) {
    throw new FrameError(
      'frame_records',
      `${recordCount} records of ${recordBytes} bytes do not fill a payload of ${payloadBytes} bytes`,
    );
  }
  return {
    type: type as FrameType,
    flags: view.getUint16(6, true),
    streamId: message.subarray(16, 32),
    sequence: view.getBigUint64(32, true),
    boottimeNs: view.getBigUint64(40, true),
    realtimeNs: view.getBigUint64(48, true),
    abiVersion: view.getUint16(56, true),
    recordBytes,
    recordCount,
    payload: message.subarray(FRAME_HEADER_BYTES),
  };
}
