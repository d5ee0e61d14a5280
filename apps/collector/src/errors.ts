// SPDX-License-Identifier: Apache-2.0
import { UndermeshError } from '@undermesh/core';

/** Every code that the collector answers with, its HTTP status and title. docs/errors.md explains each; a test compares. */
export const COLLECTOR_ERRORS = {
  request_invalid: { status: 400, title: 'The request does not have the right shape' },
  cursor_invalid: { status: 400, title: 'The cursor is not one of ours or is too old' },
  token_required: { status: 401, title: 'An operator token is required' },
  token_wrong: { status: 401, title: 'The token is wrong' },
  credential_required: { status: 401, title: 'An agent credential is required' },
  credential_wrong: { status: 401, title: 'The agent credential is wrong' },
  host_not_allowed: { status: 403, title: 'The Host header names nothing that is served here' },
  origin_not_allowed: { status: 403, title: 'The request comes from another site' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  too_many_subscriptions: { status: 429, title: 'Too many live subscriptions' },
  too_many_agents: { status: 503, title: 'Too many agents are connected' },
  internal: { status: 500, title: 'The collector made a mistake' },
  store_full: { status: 507, title: 'The store has no room' },
  store_corrupt: { status: 503, title: 'The store cannot read its records' },
  store_unavailable: { status: 503, title: 'The store cannot be used' },
  hello_expected: { status: 400, title: 'The first frame must be a hello' },
  hello_late: { status: 408, title: 'No hello came in time' },
  hello_invalid: { status: 400, title: 'The hello does not have the right shape' },
  hello_repeated: { status: 400, title: 'A second hello came' },
  node_not_yours: { status: 403, title: 'The credential belongs to another node' },
  message_invalid: { status: 400, title: 'A payload does not have the right shape' },
  frame_unexpected: { status: 400, title: 'A frame of this type does not belong here' },
  frame_not_binary: { status: 400, title: 'Frames are binary messages' },
  abi_unknown: { status: 400, title: 'The records have a layout that is not understood' },
  records_size: { status: 400, title: 'The size of a record is out of range' },
  credits_exceeded: { status: 429, title: 'More frames in flight than were granted' },
  replaced: { status: 409, title: 'A newer connection of the same node took over' },
  idle: { status: 408, title: 'Nothing was heard for too long' },
  stopping: { status: 503, title: 'The collector is stopping' },
} as const;

export type CollectorErrorCode = keyof typeof COLLECTOR_ERRORS;

/** An error of the catalogue {@link COLLECTOR_ERRORS}. */
export class CollectorError extends UndermeshError {
  override readonly name = 'CollectorError';
  declare readonly code: CollectorErrorCode;

  constructor(code: CollectorErrorCode, message: string, cause?: unknown) {
    super({ code, message, status: COLLECTOR_ERRORS[code].status, cause });
  }
}
