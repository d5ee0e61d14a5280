// SPDX-License-Identifier: Apache-2.0
import { Agent, type ClientRequestArgs, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { around, pick } from './chance.js';
import { type CallCounts, type Counts, callCounts, countConnection, increment } from './counts.js';
import type { Assignment, Endpoint, Place } from './plan.js';

export interface CallOptions {
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds until the call is given up; default 5,000. */
  readonly timeoutMs?: number;
}

/** An answer whose body is still to be read. */
export interface Answer {
  readonly status: number;
  readonly body: IncomingMessage;
}

/** Calls to one service. */
export interface Client {
  /** Resolves once the head of the answer is there; rejects when there is none. */
  open(options: CallOptions): Promise<Answer>;
  /** Resolves with the whole answer. */
  call(options: CallOptions): Promise<{ status: number; bytes: number }>;
}

/** Connects as this workload: from its own address, counted. */
export function connectAs(place: Place, endpoint: Endpoint, call: CallCounts): Socket {
  const localAddress = isIPv6(endpoint.host) ? place.ipv6 : place.ipv4;
  const socket = connect({
    host: endpoint.host,
    port: endpoint.port,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  countConnection(call, socket);
  return socket;
}

/** Connections that are kept alive are renewed after about so long, as connection pools do. */
const LIFETIME_MS = 30_000;

/** Connects from the workload's own address, and counts. */
class OwnAgent extends Agent {
  readonly #open: (endpoint: Endpoint) => Socket;
  readonly #until = new WeakMap<Duplex, number>();

  constructor(open: (endpoint: Endpoint) => Socket, connections: number) {
    super({ keepAlive: connections > 0, ...(connections > 0 ? { maxSockets: connections } : {}) });
    this.#open = open;
  }

  override createConnection(options: ClientRequestArgs): Socket {
    const socket = this.#open({ host: String(options.host), port: Number(options.port), weight: 1 });
    this.#until.set(socket, Date.now() + around(LIFETIME_MS, 0.2));
    return socket;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    if (Date.now() > (this.#until.get(socket) ?? 0)) return false;
    const kept: unknown = super.keepSocketAlive(socket); // false where the server is about to close it
    return kept !== false;
  }
}

/**
 * A client of a service.
 * @param connections connections kept alive per endpoint; 0: a new connection for each call
 */
export function clientOf(
  service: string,
  { assignment, counts, connections }: { assignment: Assignment; counts: Counts; connections: number },
): Client {
  const endpoints = assignment.endpoints[service] ?? [];
  const call = callCounts(counts, service);
  const agent = new OwnAgent((endpoint) => connectAs(assignment.place, endpoint, call), connections);

  const open = ({ path, method = 'GET', body, headers, timeoutMs = 5000 }: CallOptions): Promise<Answer> => {
    const { host, port } = pick(endpoints);
    call.requests += 1;
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        host,
        port,
        path,
        method,
        agent,
        headers: { ...headers, host: service },
      });
      const timer = setTimeout(() => request.destroy(new Error('timeout')), timeoutMs);
      request.on('response', (response) => {
        clearTimeout(timer);
        increment(call.results, String(response.statusCode));
        response.on('error', () => {}); // the reader sees `aborted`
        resolve({ status: response.statusCode ?? 0, body: response });
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        increment(call.results, error.code ?? error.message);
        reject(error);
      });
      request.end(body);
    });
  };

  return {
    open,
    async call(options) {
      const { status, body } = await open(options);
      let bytes = 0;
      for await (const chunk of body) bytes += (chunk as Buffer).length;
      return { status, bytes };
    },
  };
}
