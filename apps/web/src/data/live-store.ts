// SPDX-License-Identifier: Apache-2.0
import type { LiveMessage, LiveRequest, Problem, Status } from '@undermesh/schema';
import {
  applyLive,
  backoffSeconds,
  EMPTY_FEED,
  EMPTY_PULSE,
  type Feed,
  type LiveData,
  type LiveTopic,
  mergeConnections,
  type Pulse,
  pushPulse,
  STATUS_INTERVAL_SECONDS,
} from '@/domain/live';
import { atCollector } from './base-path';
import { ApiError, addressOf, getJson, type Query } from './client';

/** How the page is connected to the collector. */
export interface Link {
  /** `polling`: no WebSocket, but plain requests are answered. `down`: nothing is. `locked`: a token is needed. */
  phase: 'connecting' | 'live' | 'polling' | 'down' | 'locked';
  /** Epoch milliseconds of the next try. */
  retryAt: number | null;
  /** Epoch milliseconds of the last status. */
  statusAt: number | null;
  /** Seconds between the last two. */
  interval: number | null;
  pulse: Pulse;
  problem: string | null;
}

interface Subscription {
  id: string;
  topic: LiveTopic;
  query: Query;
  feed: Feed<LiveData[LiveTopic]>;
  listeners: Set<() => void>;
  closing: ReturnType<typeof setTimeout> | null;
}

const POLL_SECONDS = 5;
const LINGER_MS = 300;

/** One WebSocket for the whole page, shared by every subscription; plain requests while it is gone. */
export class LiveStore {
  #link: Link = {
    phase: 'connecting',
    retryAt: null,
    statusAt: null,
    interval: null,
    pulse: EMPTY_PULSE,
    problem: null,
  };
  #linkListeners = new Set<() => void>();
  #subscriptions = new Map<string, Subscription>();
  #socket: WebSocket | null = null;
  #attempt = 0;
  #nextId = 1;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #tick: ReturnType<typeof setInterval> | null = null;
  #poll: ReturnType<typeof setInterval> | null = null;
  #lastBarAt = 0;
  #fastest = 0;

  /** Opens the connection. Returns what closes it. */
  start(): () => void {
    this.#connect();
    this.#tick = setInterval(() => this.#missed(), 500);
    return () => {
      if (this.#tick !== null) clearInterval(this.#tick);
      if (this.#retry !== null) clearTimeout(this.#retry);
      this.#stopPolling();
      const socket = this.#socket;
      this.#socket = null;
      socket?.close();
    };
  }

  readonly link = (): Link => this.#link;
  readonly onLink = (listener: () => void): (() => void) => {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  };

  /** Tries at once instead of waiting, e.g. after signing in. */
  readonly reconnect = (): void => {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#attempt = 0;
    this.#connect();
  };

  feed(topic: LiveTopic, query: Query): Feed<LiveData[LiveTopic]> {
    return this.#subscriptions.get(addressOf(topic, query))?.feed ?? EMPTY_FEED;
  }

  /** Listens to a topic; equal queries share one subscription. Returns what ends it. */
  subscribe(topic: LiveTopic, query: Query, listener: () => void): () => void {
    const key = addressOf(topic, query);
    let subscription = this.#subscriptions.get(key);
    if (subscription === undefined) {
      subscription = { id: '', topic, query, feed: EMPTY_FEED, listeners: new Set(), closing: null };
      this.#subscriptions.set(key, subscription);
      this.#ask(subscription);
      if (this.#link.phase === 'polling') void this.#fetchOne(subscription);
    }
    const own = subscription;
    if (own.closing !== null) clearTimeout(own.closing);
    own.closing = null;
    own.listeners.add(listener);
    return () => {
      own.listeners.delete(listener);
      if (own.listeners.size > 0) return;
      // Pages come and go; a subscription that is wanted again at once is not worth asking for twice.
      own.closing = setTimeout(() => {
        this.#subscriptions.delete(key);
        this.#send({ type: 'unsubscribe', id: own.id });
      }, LINGER_MS);
    };
  }

  #connect(): void {
    this.#socket?.close();
    const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${window.location.host}${atCollector('/api/v1/live')}`);
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      this.#attempt = 0;
      this.#stopPolling();
      this.#setLink({ phase: 'live', retryAt: null, problem: null });
      for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (this.#socket === socket && typeof event.data === 'string')
        this.#take(JSON.parse(event.data) as LiveMessage);
    };
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#later();
    };
  }

  #later(): void {
    this.#attempt += 1;
    const wait = backoffSeconds(this.#attempt) * 1000;
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#setLink({
      phase: this.#link.phase === 'live' ? 'connecting' : this.#link.phase,
      retryAt: Date.now() + wait,
    });
    if (this.#poll === null) this.#poll = setInterval(() => void this.#pollAll(), POLL_SECONDS * 1000);
    void this.#pollAll();
  }

  #stopPolling(): void {
    if (this.#poll !== null) clearInterval(this.#poll);
    this.#poll = null;
  }

  #ask(subscription: Subscription): void {
    const old = subscription.id;
    subscription.id = String(this.#nextId++);
    if (old !== '') this.#send({ type: 'unsubscribe', id: old });
    // What the feed held stays in view until the snapshot comes.
    subscription.feed = { ...subscription.feed, sequence: -1 };
    const { id, topic, query } = subscription;
    this.#send(
      (topic === 'status' || topic === 'engines'
        ? { type: 'subscribe', id, topic }
        : { type: 'subscribe', id, topic, query: { ...query } }) as LiveRequest,
    );
  }

  #send(request: LiveRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request));
  }

  #take(message: LiveMessage): void {
    const subscription = [...this.#subscriptions.values()].find((one) => one.id === message.id);
    if (subscription === undefined) return;
    const { feed, resync } = applyLive(subscription.feed, message, Date.now());
    if (resync) {
      this.#ask(subscription);
      return;
    }
    this.#settle(subscription, feed);
    if (message.type === 'status') this.#beat(message.data);
  }

  #settle(subscription: Subscription, feed: Feed<LiveData[LiveTopic]>): void {
    subscription.feed = feed;
    for (const listener of subscription.listeners) listener();
  }

  /** A bar for an update: its height is the record rate against the fastest seen lately. */
  #beat(status: Status): void {
    const rate = status.rates.recordsPerSecond;
    this.#fastest = Math.max(rate, this.#fastest * 0.95, 1);
    this.#lastBarAt = Date.now();
    const bar = status.nodes.total === 0 ? null : rate / this.#fastest;
    const now = Date.now();
    const { statusAt, pulse } = this.#link;
    this.#setLink({
      statusAt: now,
      interval: statusAt === null ? null : (now - statusAt) / 1000,
      pulse: pushPulse(pulse, bar),
    });
  }

  /** A hole for an update that did not come. */
  #missed(): void {
    const interval = this.#link.phase === 'polling' ? POLL_SECONDS : STATUS_INTERVAL_SECONDS;
    if (Date.now() - this.#lastBarAt < interval * 1600) return;
    this.#lastBarAt = Date.now();
    this.#setLink({ pulse: pushPulse(this.#link.pulse, null) });
  }

  async #pollAll(): Promise<void> {
    const results = await Promise.all([...this.#subscriptions.values()].map((one) => this.#fetchOne(one)));
    if (this.#socket?.readyState === WebSocket.OPEN || this.#poll === null) return;
    const failed = results.find((result) => result !== null);
    if (failed === undefined) this.#setLink({ phase: 'polling', problem: null });
    else {
      const locked = failed instanceof ApiError && (failed.status === 401 || failed.status === 403);
      this.#setLink({ phase: locked ? 'locked' : 'down', problem: failed?.message ?? null });
    }
  }

  /** Returns what went wrong, or `null`. */
  async #fetchOne(subscription: Subscription): Promise<Error | null> {
    const { topic, query } = subscription;
    try {
      const answer = await getJson<unknown>(addressOf(`/api/v1/${topic}`, query));
      if (this.#socket?.readyState === WebSocket.OPEN) return null;
      const old = subscription.feed.data as LiveData['connections'] | null;
      const data =
        topic === 'connections'
          ? {
              items: mergeConnections(old?.items ?? [], (answer as LiveData['connections']).items),
              skipped: 0,
            }
          : (answer as LiveData[LiveTopic]);
      this.#settle(subscription, { data, sequence: -1, receivedAt: Date.now(), problem: null });
      if (topic === 'status') this.#beat(answer as Status);
      return null;
    } catch (error) {
      const problem = error instanceof Error ? error : new Error(String(error));
      if (problem instanceof ApiError && problem.status !== 0) {
        this.#settle(subscription, { ...subscription.feed, problem: asProblem(problem) });
      }
      return problem;
    }
  }

  #setLink(change: Partial<Link>): void {
    this.#link = { ...this.#link, ...change };
    for (const listener of this.#linkListeners) listener();
  }
}

const asProblem = (error: ApiError): Problem => ({
  type: 'about:blank',
  title: error.message,
  status: error.status,
  code: error.code,
});
