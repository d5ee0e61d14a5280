// SPDX-License-Identifier: Apache-2.0
import { Ack, Command, decodeFrame, ErrorMessage, FRAME_TYPES, FrameError, Welcome } from '@undermesh/schema';
import { Compile, type Validator } from 'typebox/compile';
import { agentError } from '../errors.js';

/** What a collector may say. */
export type Incoming =
  /** `collectorNowMs`: Unix time when it was sent, by the collector's clock. */
  | { readonly type: 'welcome'; readonly welcome: Welcome; readonly collectorNowMs: number }
  | { readonly type: 'ack'; readonly ack: Ack }
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'error'; readonly error: ErrorMessage };

// Compiled: an acknowledgement comes for every frame.
const checkWelcome = Compile(Welcome);
const checkAck = Compile(Ack);
const checkError = Compile(ErrorMessage);
const checkCommand = Compile(Command);

/** Decodes one message of the collector. Throws UndermeshError `uplink_protocol` for anything else. */
export function decodeIncoming(message: Uint8Array): Incoming {
  let type: number;
  let payload: Uint8Array;
  let realtimeNs: bigint;
  try {
    ({ type, payload, realtimeNs } = decodeFrame(message));
  } catch (cause) {
    if (cause instanceof FrameError) {
      throw agentError(
        'uplink_protocol',
        `The collector sent no frame (${cause.code}: ${cause.message}).`,
        cause,
      );
    }
    throw cause;
  }
  switch (type) {
    case FRAME_TYPES.welcome:
      return {
        type: 'welcome',
        welcome: parse(checkWelcome, payload) as Welcome,
        collectorNowMs: Number(realtimeNs / 1_000_000n),
      };
    case FRAME_TYPES.ack:
      return { type: 'ack', ack: parse(checkAck, payload) as Ack };
    case FRAME_TYPES.command:
      return { type: 'command', command: parse(checkCommand, payload) as Command };
    case FRAME_TYPES.error:
      return { type: 'error', error: parse(checkError, payload) as ErrorMessage };
    default:
      throw agentError(
        'uplink_protocol',
        `The collector sent a frame of type ${type}, which only agents send.`,
      );
  }
}

function parse(check: Pick<Validator, 'Check' | 'Errors'>, payload: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (cause) {
    throw agentError('uplink_protocol', 'The collector sent a payload that is not JSON.', cause);
  }
  if (check.Check(value)) return value;
  const problem = check.Errors(value)[0];
  throw agentError(
    'uplink_protocol',
    `The collector sent a message of another shape (${problem?.instancePath} ${problem?.message}).`,
  );
}
