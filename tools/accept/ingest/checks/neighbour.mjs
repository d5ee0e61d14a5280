// SPDX-License-Identifier: Apache-2.0
// An agent that behaves, beside those that do not: what it sent is known, and its books must say the same.
import { setTimeout as pause } from 'node:timers/promises';
import { FakeAgent, FakeConnection } from '@undermesh/collector/test-support';

const CLIENT = { address: '10.1.0.1', workload: 1 };
const SERVER = { address: '10.1.0.2', port: 8080, workload: 2 };
const CONNECTIONS = 20;
const REQUESTS = [{}, { status: 404 }, { status: 503 }];
const EVERY_MS = 50;

export class Neighbour {
  sent = { ends: 0, requests: 0 };
  /** Longest time from a frame to its acknowledgement, ms. */
  slowest = 0;
  #agent;
  #going = true;
  #over;

  /** @param {{ url: string, credential: string }} to */
  constructor(to) {
    this.#agent = new FakeAgent({ ...to, node: 'neighbour' });
  }

  async start() {
    await this.#agent.connect();
    this.#agent.dictionary({
      workloads: [CLIENT, SERVER].map(({ workload }) => ({
        id: workload,
        namespace: 'neighbourhood',
        name: workload === 1 ? 'client' : 'server',
        kind: 'configured',
        system: false,
      })),
    });
    this.#over = this.#send();
    this.#over.catch(() => {}); // told by stop()
  }

  /** Ends with all that was sent acknowledged. Rejects when the collector hung up. */
  async stop() {
    this.#going = false;
    await this.#over;
    this.#tell();
  }

  async close() {
    await this.#agent.close();
  }

  async #send() {
    for (let port = 1024; this.#going; port = port < 60_000 ? port + CONNECTIONS : 1024) {
      const made = Array.from(
        { length: CONNECTIONS },
        (_, at) => new FakeConnection({ client: { ...CLIENT, port: port + at }, server: SERVER }),
      );
      const began = performance.now();
      await this.#agent.deliver(made.map((one) => one.http('destination', REQUESTS)));
      await this.#agent.deliver(made.flatMap((one) => [one.closed('source'), one.closed('destination')]));
      this.slowest = Math.max(this.slowest, performance.now() - began);
      this.sent.ends += 2 * made.length;
      this.sent.requests += REQUESTS.length * made.length;
      this.#tell();
      await pause(EVERY_MS);
    }
  }

  #tell() {
    const { ends, requests } = this.sent;
    this.#agent.report({ made: ends, requests: { made: requests, waiting: 0, lost: {} } });
  }

  /** @param {import('../../road/checks/findings.mjs').Findings} findings @param {string} url of the collector */
  async judge(findings, url) {
    this.#tell();
    await pause(500);
    const { items } = await (await fetch(`${url}/api/v1/nodes`)).json();
    const node = items.find(({ name }) => name === 'neighbour');
    findings.tell('neighbour: ends and requests sent', Object.values(this.sent).join(', '));
    for (const [what, books] of [
      ['ends', node.records],
      ['requests', node.requests],
    ]) {
      findings.equal(`neighbour: ${what} made`, books.made, this.sent[what]);
      findings.equal(`neighbour: ${what} stored`, books.stored, this.sent[what]);
      findings.equal(`neighbour: ${what} lost`, JSON.stringify(books.lost), '{}');
      findings.equal(`neighbour: ${what} waiting`, books.waiting, 0);
    }
    findings.equal('neighbour: state', node.state, 'reporting');
    findings.equal('neighbour: hung up on', this.#agent.ending?.reason ?? 'never', 'never');
    findings.tell('neighbour: slowest two frames, sent to acknowledged', `${Math.round(this.slowest)} ms`);
  }
}
