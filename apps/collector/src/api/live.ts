// SPDX-License-Identifier: Apache-2.0
import type { LiveMessage, LiveRequest } from '@undermesh/schema';

/** Requests that begin a subscription. */
export type SubscribeRequest = Extract<LiveRequest, { type: 'subscribe' }>;
export type TopicName = SubscribeRequest['topic'];

type WithoutEnvelope<M> = M extends { type: 'error' }
  ? never
  : M extends LiveMessage
    ? Omit<M, 'id' | 'sequence'>
    : never;
/** A live message less what the outlet adds: the subscription's id and the next sequence number. */
export type LiveBody = WithoutEnvelope<LiveMessage>;

/** A {@link LiveBody} as JSON: written once, sent to many. */
export class WrittenBody {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

/** Where a topic sends; one per subscription. */
export interface LiveOutlet {
  /** Numbers the message (from 0) and sends it. Does nothing once the subscription has ended. */
  send(body: LiveBody | WrittenBody): void;
  /** The client does not keep up: skip this turn and send the sum of both the next time. */
  readonly congested: boolean;
}

/** Something that can be subscribed to. */
export interface LiveTopic<Request extends SubscribeRequest = SubscribeRequest> {
  /** Sends a snapshot first, then changes, until the returned function is called. Throws a CollectorError to refuse. */
  subscribe(request: Request, outlet: LiveOutlet): () => void;
}

/** The topics of `/api/v1/live`, by name. Each feature registers its own. */
export class LiveTopics {
  readonly #topics = new Map<TopicName, LiveTopic>();

  register<Name extends TopicName>(
    name: Name,
    topic: LiveTopic<Extract<SubscribeRequest, { topic: Name }>>,
  ): void {
    this.#topics.set(name, topic as LiveTopic);
  }

  get(name: TopicName): LiveTopic | undefined {
    return this.#topics.get(name);
  }
}
