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
  certificate_required: { status: 401, title: 'An agent certificate is required' },
  certificate_unknown: { status: 401, title: 'The certificate is not one that was given to an agent here' },
  certificate_expired: { status: 401, title: 'The certificate of the agent has ended' },
  certificate_replaced: { status: 401, title: 'Another agent has joined under the same name' },
  join_token_wrong: { status: 401, title: 'The join token is not known' },
  join_token_expired: { status: 401, title: 'The join token has ended' },
  join_token_used: { status: 401, title: 'The join token has been used' },
  service_account_wrong: { status: 401, title: 'The token is not of the service account of the agents' },
  agent_removed: { status: 403, title: 'An operator removed the agent' },
  join_not_enabled: { status: 403, title: 'Agents do not join here in this way' },
  host_not_allowed: { status: 403, title: 'The Host header names nothing that is served here' },
  origin_not_allowed: { status: 403, title: 'The request comes from another site' },
  node_unknown: { status: 404, title: 'There is no such node' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  engine_managed: { status: 409, title: 'The engine is managed elsewhere' },
  engine_changed: { status: 409, title: 'Somebody else has set the engine meanwhile' },
  engine_unsettled: { status: 409, title: 'What the node runs is not known yet' },
  engine_unavailable: { status: 422, title: 'The node cannot run this engine' },
  reason_required: { status: 422, title: 'A reason is required' },
  too_many_writes: { status: 429, title: 'Too many writes' },
  too_many_subscriptions: { status: 429, title: 'Too many live subscriptions' },
  too_many_agents: { status: 503, title: 'Too many agents are connected' },
  internal: { status: 500, title: 'The collector made a mistake' },
  store_full: { status: 507, title: 'The store has no room' },
  change_not_written: { status: 507, title: 'The change log cannot be written' },
  review_failed: { status: 503, title: 'The API server could not be asked' },
  control_held: { status: 503, title: 'Another collector may write now' },
  control_unavailable: { status: 503, title: 'The control state of the cluster cannot be reached' },
  store_corrupt: { status: 503, title: 'The store cannot read its records' },
  store_unavailable: { status: 503, title: 'The store cannot be used' },
  hello_expected: { status: 400, title: 'The first frame must be a hello' },
  hello_late: { status: 408, title: 'No hello came in time' },
  hello_invalid: { status: 400, title: 'The hello does not have the right shape' },
  hello_repeated: { status: 400, title: 'A second hello came' },
  node_not_yours: { status: 403, title: 'The agent speaks for another node than it was admitted for' },
  message_invalid: { status: 400, title: 'A payload does not have the right shape' },
  frame_unexpected: { status: 400, title: 'A frame of this type does not belong here' },
  frame_not_binary: { status: 400, title: 'Frames are binary messages' },
  abi_unknown: { status: 400, title: 'The records have a layout that is not understood' },
  records_size: { status: 400, title: 'The size of a record is out of range' },
  too_many_streams: { status: 429, title: 'The node has begun too many streams' },
  websocket_invalid: { status: 400, title: 'What came is no WebSocket message' },
  answers_unread: { status: 408, title: 'The agent does not read what it is answered' },
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
