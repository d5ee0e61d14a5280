// SPDX-License-Identifier: Apache-2.0
import type { StreamPosition } from '../store.js';

/** A stream as rows name it. */
export interface StreamEntry extends StreamPosition {
  /** From 1; stands in the rows. */
  readonly stream: number;
  readonly cluster: string;
  /** Not yet in the table. */
  readonly isNew: boolean;
}

/** All streams ever seen, in memory as in the table `streams`. */
export class Streams {
  readonly #byId = new Map<string, StreamEntry>();
  readonly #byOrdinal: StreamEntry[] = [];

  get size(): number {
    return this.#byOrdinal.length;
  }

  byId(streamId: string): StreamEntry | undefined {
    return this.#byId.get(streamId);
  }

  byOrdinal(stream: number): StreamEntry | undefined {
    return this.#byOrdinal[stream - 1];
  }

  put(entry: StreamEntry): void {
    const kept = { ...entry, isNew: false };
    this.#byId.set(kept.streamId, kept);
    this.#byOrdinal[kept.stream - 1] = kept;
  }

  all(): readonly StreamEntry[] {
    return this.#byOrdinal;
  }

  clear(): void {
    this.#byId.clear();
    this.#byOrdinal.length = 0;
  }

  /** Ordinals of the streams of some nodes. */
  ofNodes(nodes: ReadonlySet<string>): number[] {
    return this.#byOrdinal.filter(({ node }) => nodes.has(node)).map(({ stream }) => stream);
  }

  /** Ordinals of the streams whose id begins so. */
  withPrefix(prefix: string): number[] {
    return this.#byOrdinal.filter(({ streamId }) => streamId.startsWith(prefix)).map(({ stream }) => stream);
  }
}
