// SPDX-License-Identifier: Apache-2.0
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { type RequestOptions, request as requestTls } from 'node:https';
import type { Access } from './access.js';

/** What an API server answered instead of what was asked for. */
export class ClusterError extends Error {
  /** HTTP status. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Query = Readonly<Record<string, string | number>>;

/** A question to the API server. */
export interface Question {
  readonly path: string;
  readonly query: Query;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Silence of that length ends it, ms. */
  readonly silenceMs: number;
}

/** A line of a watch is one object: none that Kubernetes stores is larger than etcd's bound, 1.5 MiB by default. */
const LONGEST_LINE = 16 * 2 ** 20;
const LONGEST_ERROR = 64 * 1024;

/** Asks one API server. */
export class ClusterConnection {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  get server(): string {
    return this.#access.server;
  }

  /** A JSON document. Throws ClusterError, or what kept the question from being answered. */
  async get(question: Question): Promise<unknown> {
    const chunks: Buffer[] = [];
    for await (const chunk of await this.#ask(question)) chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  }

  /** Lines of an answer as they come, once it has begun; both throw as {@link get}. */
  async lines(question: Question): Promise<AsyncGenerator<string>> {
    return linesOf(await this.#ask(question));
  }

  async #ask({ path, query, signal, silenceMs }: Question): Promise<IncomingMessage> {
    const url = new URL(`${this.server}${path}`);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
    const options: RequestOptions = { headers: { accept: 'application/json' }, signal, timeout: silenceMs };
    await this.#access.apply(options);
    const request = (url.protocol === 'http:' ? requestPlain : requestTls)(url, options);
    request.on('timeout', () => request.destroy(new Error(`silence for ${silenceMs / 1000} s`)));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve).on('error', reject).end();
    });
    // What breaks off while a body is read is told to who reads it.
    request.on('error', () => {});
    const { statusCode = 0 } = response;
    if (statusCode === 200) return response;
    throw new ClusterError(statusCode, await reasonOf(response));
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new Error('the API server sent a line without end');
    for (const line of lines) if (line !== '') yield line;
  }
}

/** The message of a `Status`, else what was sent. */
async function reasonOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > LONGEST_ERROR) break;
  }
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not a Status: a proxy's page, perhaps.
  }
  return `${response.statusCode} ${response.statusMessage} ${text.slice(0, 200)}`.trim();
}
