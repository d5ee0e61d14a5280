// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord, RecordColumns, RecordEvent, RecordFlag } from '@undermesh/bpf-abi';
import type { Connection } from '@undermesh/schema';
import type { RecordFeed } from '../aggregate/open-connections.js';
import { type ConnectionFilter, matchesFilter, parseFilter } from '../store/connection-filter.js';
import { connectionOf, type EndPair, type WorkloadNames } from '../store/connection-item.js';
import { reportedEnd } from '../store/end.js';
import type { RecordBatch } from '../store/store.js';
import { ConnectionPairing } from './connection-pairing.js';
import type { LiveOutlet, LiveTopics } from './live.js';

const FLUSH_MS = 250;
/** Connections that one subscription is sent at most. */
const PER_FLUSH = 50;
/** Ends that are looked at; above it they are only counted, so that a flood does not take the collector with it. */
const ENDS_PER_FLUSH = 5_000;

export interface LiveConnectionsOptions {
  readonly feed: RecordFeed;
  readonly workloads: WorkloadNames;
}

/**
 * Registers the topic `connections`: connections as they open, end and fail, both ends joined when both report within
 * a second. At most 200 a second go to one subscription; `skipped` counts what was left out, and under a flood also
 * ends that nobody has looked at.
 */
export function registerConnectionsTopic(topics: LiveTopics, options: LiveConnectionsOptions): void {
  const stream = new ConnectionStream(options);
  topics.register('connections', {
    subscribe: (request, outlet) => stream.subscribe(parseFilter(request.query), outlet),
  });
}

/** One subscription. */
interface Subscriber {
  readonly filter: ConnectionFilter;
  readonly outlet: LiveOutlet;
  items: Connection[];
  skipped: number;
}

class ConnectionStream {
  readonly #feed: RecordFeed;
  readonly #names: WorkloadNames;
  readonly #pairing = new ConnectionPairing();
  readonly #subscribers = new Set<Subscriber>();
  #stop: (() => void) | null = null;
  #looked = 0;

  constructor({ feed, workloads }: LiveConnectionsOptions) {
    this.#feed = feed;
    this.#names = workloads;
  }

  subscribe(filter: ConnectionFilter, outlet: LiveOutlet): () => void {
    const subscriber: Subscriber = { filter, outlet, items: [], skipped: 0 };
    this.#subscribers.add(subscriber);
    outlet.send({ type: 'connections', items: [], skipped: 0 });
    this.#stop ??= this.#start();
    return () => {
      this.#subscribers.delete(subscriber);
      if (this.#subscribers.size > 0) return;
      this.#stop?.();
      this.#stop = null;
    };
  }

  #start(): () => void {
    const unsubscribe = this.#feed.subscribe((batch) => this.#take(batch, performance.now()));
    const timer = setInterval(() => this.#flush(performance.now()), FLUSH_MS);
    timer.unref();
    return () => {
      unsubscribe();
      clearInterval(timer);
      this.#pairing.clear();
    };
  }

  #take(batch: RecordBatch, now: number): void {
    const columns = new RecordColumns(batch.records, batch.recordBytes);
    for (let index = 0; index < batch.count; index++) {
      const event = columns.u8(index, ConnectionRecord.event);
      const flags = columns.u16(index, ConnectionRecord.flags);
      const announcedAgain = event === RecordEvent.OPENED && (flags & RecordFlag.REANNOUNCED) !== 0;
      const local = batch.localWorkload[index] ?? 0;
      if (event === RecordEvent.PROGRESS || announcedAgain || local === 0) continue;
      if (++this.#looked > ENDS_PER_FLUSH) {
        for (const subscriber of this.#subscribers) subscriber.skipped++;
        continue;
      }
      const end = reportedEnd(
        {
          node: batch.node,
          streamId: batch.streamId,
          frameSequence: batch.sequence,
          // A copy: the batch's memory is soon used again.
          record: columns.bytes(index, 0, batch.recordBytes).slice(),
          realtimeOffsetNs: batch.realtimeOffsetNs,
          localWorkload: local,
          peerWorkload: batch.peerWorkload[index] ?? 0,
        },
        Date.now(),
      );
      const pair = this.#pairing.add(end, now);
      if (pair !== null) this.#offer(pair);
    }
  }

  #offer(pair: EndPair): void {
    const connection = connectionOf(pair, this.#names);
    for (const subscriber of this.#subscribers) {
      if (!matchesFilter(connection, subscriber.filter)) continue;
      if (subscriber.items.length < PER_FLUSH) subscriber.items.push(connection);
      else subscriber.skipped++;
    }
  }

  #flush(now: number): void {
    this.#looked = 0;
    for (const pair of this.#pairing.expired(now)) this.#offer(pair);
    for (const subscriber of this.#subscribers) {
      const { items, skipped, outlet } = subscriber;
      if ((items.length === 0 && skipped === 0) || outlet.congested) continue;
      subscriber.items = [];
      subscriber.skipped = 0;
      outlet.send({ type: 'connections', items, skipped });
    }
  }
}
