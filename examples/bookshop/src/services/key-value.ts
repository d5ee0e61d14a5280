// SPDX-License-Identifier: Apache-2.0
/**
 * Two small databases: one over HTTP, one over bare TCP with a line per command:
 * `SET key value` answers `OK`, `GET key` answers `VALUE value` or `NONE`.
 */
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { pause, pick, text } from '../chance.js';
import { connectAs } from '../client.js';
import { callCounts, increment } from '../counts.js';
import { addressesOf, type Context, listenOn, reply, type Service, serve } from '../server.js';

/** `GET /key/NAME` over HTTP. */
export const catalogueDb: Service = async (context) => {
  const books = new Map<string, string>();
  await serve(context, async (request, response) => {
    const key = request.url?.split('/')[2] ?? '';
    const value = books.get(key) ?? text(1500);
    books.set(key, value);
    await pause(1.5);
    reply(response, value);
  });
};

/** Lines over TCP. */
export const ordersDb: Service = async ({ assignment, counts }) => {
  const values = new Map<string, string>();
  const onConnection = (socket: Socket): void => {
    counts.accepted += 1;
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => {
      counts.served += 1;
      socket.write(`${answerTo(line, values)}\n`);
    });
  };
  const servers = addressesOf(assignment).map(() => createServer(onConnection));
  await listenOn(assignment, servers);
};

/** One command's answer. */
export function answerTo(line: string, values: Map<string, string>): string {
  const [, command, key = '', value] = /^(\S+)(?: (\S+))?(?: (.*))?$/.exec(line) ?? [];
  switch (command) {
    case 'SET':
      values.set(key, value ?? '');
      return 'OK';
    case 'GET':
      return values.has(key) ? `VALUE ${values.get(key)}` : 'NONE';
    default:
      return 'ERROR';
  }
}

const commandsPerConnection = 40;

/** Talks to `orders-db`: one command at a time over a connection that is replaced now and then. */
export class KeyValueClient {
  readonly #context: Context;
  #socket: Socket | undefined;
  #lines: AsyncIterator<string> | undefined;
  #left = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: Context) {
    this.#context = context;
  }

  set(key: string, value: string): Promise<string> {
    return this.#inTurn(`SET ${key} ${value}`);
  }

  get(key: string): Promise<string> {
    return this.#inTurn(`GET ${key}`);
  }

  #inTurn(command: string): Promise<string> {
    const result = this.#last.then(() => this.#send(command));
    this.#last = result.catch(() => {});
    return result;
  }

  async #send(command: string): Promise<string> {
    const call = callCounts(this.#context.counts, 'orders-db');
    call.requests += 1;
    if (this.#socket === undefined || this.#left === 0) this.#reconnect();
    this.#left -= 1;
    this.#socket?.write(`${command}\n`);
    const line = await this.#lines?.next();
    if (line === undefined || line.done === true) {
      this.#socket = undefined;
      increment(call.results, 'ended');
      throw new Error('orders-db ended the connection');
    }
    increment(call.results, 'answered');
    return line.value;
  }

  #reconnect(): void {
    const { assignment, counts } = this.#context;
    this.#socket?.end();
    this.#socket = connectAs(
      assignment.place,
      pick(assignment.endpoints['orders-db'] ?? []),
      callCounts(counts, 'orders-db'),
    );
    this.#socket.on('error', () => {});
    this.#lines = createInterface({ input: this.#socket })[Symbol.asyncIterator]();
    this.#left = commandsPerConnection;
  }
}
