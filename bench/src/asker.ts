// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Somebody who asks for a topology while this thread does something else. */
export class Asker {
  readonly #thread = new Worker(new URL('asker-thread.js', import.meta.url));
  readonly #url: string;

  /** @param url of a topology */
  constructor(url: string) {
    this.#url = url;
  }

  /** Asks once. Resolves with the ms until the answer was read; rejects when there was none. */
  async ask(): Promise<number> {
    this.#thread.postMessage(this.#url);
    const [ms] = (await once(this.#thread, 'message')) as [number];
    return ms;
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }
}
