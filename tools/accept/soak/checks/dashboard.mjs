// SPDX-License-Identifier: Apache-2.0
// What an open dashboard asks for: the live socket, and the topology once a second.
import { WebSocket } from 'ws';

const subscriptions = [
  { topic: 'status' },
  { topic: 'topology', query: { level: 'workload', window: 300 } },
  { topic: 'connections', query: {} },
];

export class Dashboard {
  /** Messages of the live socket, by type. */
  messages = {};
  /** Why the live socket ended, when it did. */
  ended;
  /** Times that the topology took, ms. */
  answers = [];
  failures = [];
  #socket;
  #timer;

  /** @param {import('../../../testbed/road.mjs').Road} road */
  constructor(road) {
    this.#socket = new WebSocket(`${road.url.replace('http', 'ws')}/api/v1/live`);
    this.#socket.on('open', () => {
      for (const [id, one] of subscriptions.entries())
        this.#socket.send(JSON.stringify({ type: 'subscribe', id: String(id), ...one }));
    });
    this.#socket.on('message', (data) => {
      const { type } = JSON.parse(data.toString());
      this.messages[type] = (this.messages[type] ?? 0) + 1;
    });
    this.#socket.on('error', (error) => (this.ended = error.message));
    this.#socket.on('close', (code) => (this.ended ??= `closed with ${code}`));
    this.#timer = setInterval(() => this.#ask(road), 1000);
  }

  close() {
    clearInterval(this.#timer);
    this.#socket.removeAllListeners('close');
    this.#socket.close();
  }

  async #ask(road) {
    const start = performance.now();
    try {
      await road.api('topology?level=workload&window=900');
      this.answers.push(performance.now() - start);
    } catch (error) {
      this.failures.push(error.message);
    }
  }
}
