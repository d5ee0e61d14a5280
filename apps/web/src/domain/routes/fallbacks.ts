// SPDX-License-Identifier: Apache-2.0
/** Why kernel-native nodes let something go on without a choice by route, in words. */

export interface FallbackWords {
  /** What happened, in a few words. */
  title: string;
  /** What it means, and what to do where something can be done. */
  text: string;
}

const DEFAULT_ENDPOINT = 'It went to the default endpoint of its service.';
const STAYED = 'The rest of the connection stayed at its endpoint.';
const NOT_READ = `Its head could not be read without a guess. ${DEFAULT_ENDPOINT}`;

/** Counters of the module and of the engine. A connection whose rest is no longer routed: `stays_`. A head: `reason_`. */
const WORDS: Readonly<Record<string, FallbackWords>> = {
  not_deferred: {
    title: 'Connects that were not deferred',
    text: 'Their socket is not of the kind, for instance one in a sockmap. They were balanced by connection.',
  },
  default: {
    title: 'Requests that no router chose for',
    text: `No agent’s routes were there to choose by, or the head was no HTTP/1. ${DEFAULT_ENDPOINT}`,
  },
  defer_refused: {
    title: 'Connects that the module would not defer',
    text: `Often a socket that another program holds. ${DEFAULT_ENDPOINT}`,
  },
  route_default: {
    title: 'Requests that no route took',
    text: 'They went to the endpoints of the service that was asked for.',
  },
  route_missed: {
    title: 'Refused: no route of the service takes them',
    text: 'The service has routes and none matches; a waypoint would answer 404. A rule without matches takes the rest.',
  },
  refused_too_many: {
    title: 'Refused: the service has its maximum of connections',
    text: 'Its annotation undermesh.io/max-connections says how many.',
  },
  unroutable: {
    title: 'Endpoints that could not be connected to',
    text: 'The connect failed at once; the application got the error that plain TCP gives.',
  },
  abandoned: {
    title: 'Connections closed before a request was whole',
    text: 'The application gave up. There was nothing to choose by.',
  },
  grace: {
    title: 'No request within the service’s grace',
    text: `The client waited for the server to speak first. ${DEFAULT_ENDPOINT}`,
  },
  stays_foreign: {
    title: 'Not HTTP/1',
    text: `TLS, HTTP/2 or another protocol. ${DEFAULT_ENDPOINT}`,
  },
  stays_stalled: {
    title: 'No whole request within the service’s grace',
    text: `Often a protocol in which the server speaks first. ${DEFAULT_ENDPOINT} A port declared as HTTP waits as long as its client does.`,
  },
  stays_shut_down: { title: 'Shut down by the application', text: STAYED },
  stays_ended: {
    title: 'Ended by the endpoint',
    text: 'Or it failed. The application saw what plain TCP shows.',
  },
  stays_unread: {
    title: 'A request before the last response was read',
    text: `Another endpoint could not be had without losing that response. ${STAYED}`,
  },
  stays_unseen: { title: 'Bytes that could not be looked at in time', text: STAYED },
  stays_urgent: { title: 'Urgent data', text: STAYED },
  stays_senders: { title: 'Several threads sent at once', text: STAYED },
  stays_taken: { title: 'Taken over by kTLS or its like', text: STAYED },
  stays_pipelined: {
    title: 'Pipelined requests',
    text: `A request was sent before the response to the last one. ${STAYED}`,
  },
  stays_upgraded: { title: 'Upgraded to another protocol', text: `WebSocket and its like. ${STAYED}` },
  stays_tunnel: { title: 'Tunnels opened by CONNECT', text: STAYED },
  stays_closing: { title: 'Responses that end with their connection', text: STAYED },
  stays_unsolicited: { title: 'Bytes that no request asked for', text: STAYED },
  stays_unframed: { title: 'Messages whose end is not certain', text: STAYED },
  reason_tls: { title: 'TLS', text: `What is encrypted cannot be read. ${DEFAULT_ENDPOINT}` },
  reason_http2: { title: 'HTTP/2', text: `Its frames are not read. ${DEFAULT_ENDPOINT}` },
  reason_raw: { title: 'Bytes that are no HTTP', text: DEFAULT_ENDPOINT },
  reason_version: { title: 'Another version of HTTP', text: DEFAULT_ENDPOINT },
  reason_too_large: {
    title: 'Heads that are too large',
    text: `More than the kernel gathers, often cookies. ${DEFAULT_ENDPOINT}`,
  },
  reason_too_many_fields: {
    title: 'Heads with too many fields',
    text: `More than the kernel keeps. ${DEFAULT_ENDPOINT}`,
  },
};

/** What a reason means; one that is not known here keeps its name. */
export function fallbackWords(reason: string): FallbackWords {
  const known = WORDS[reason];
  if (known !== undefined) return known;
  const [, kind, name] = /^(reason|stays)_(.+)$/.exec(reason) ?? [];
  const plain = (name ?? reason).replaceAll('_', ' ');
  if (kind === 'reason') return { title: `Refused heads: ${plain}`, text: NOT_READ };
  if (kind === 'stays') return { title: plain, text: STAYED };
  return { title: plain, text: 'A reason that this dashboard does not know: the agent is newer.' };
}
