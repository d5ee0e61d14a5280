// SPDX-License-Identifier: Apache-2.0
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { type RequestOptions, request as requestTls } from 'node:https';
import type { Access } from './access.js';

/** What an API server answered instead of what was asked for. */
export class ClusterError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** What a `Status` gives as its reason, such as `NotFound`; empty where something else answered. */
  readonly reason: string;

  constructor(status: number, message: string, reason = '') {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export type Query = Readonly<Record<string, string | number>>;

/** A question to the API server. */
export interface Question {
  readonly path: string;
  readonly query?: Query;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Silence of that length ends it, ms. */
  readonly silenceMs: number;
}

/** Something to be stored, or to be gone. */
export interface Writing extends Question {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  /** An object, as JSON; of a deletion its `DeleteOptions`. */
  readonly body: object;
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
    return documentOf(await this.#ask(question));
  }

  /** Stores or deletes; resolves with what the server made of it. Throws as {@link get}: then it may yet have been done. */
  async write(writing: Writing): Promise<unknown> {
    return documentOf(await this.#ask(writing));
  }

  /** Lines of an answer as they come, once it has begun; both throw as {@link get}. */
  async lines(question: Question): Promise<AsyncGenerator<string>> {
    return linesOf(await this.#ask(question));
  }

  async #ask(question: Question | Writing): Promise<IncomingMessage> {
    const { path, query = {}, signal, silenceMs } = question;
    const url = new URL(`${this.server}${path}`);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
    const body = 'method' in question ? Buffer.from(JSON.stringify(question.body)) : undefined;
    const options: RequestOptions = {
      method: 'method' in question ? question.method : 'GET',
      headers: {
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json', 'content-length': body.length }),
      },
      signal,
      timeout: silenceMs,
    };
    await this.#access.apply(options);
    const request = (url.protocol === 'http:' ? requestPlain : requestTls)(url, options);
    request.on('timeout', () => request.destroy(new Error(`silence for ${silenceMs / 1000} s`)));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve).on('error', reject).end(body);
    });
    // What breaks off while a body is read is told to who reads it.
    request.on('error', () => {});
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    throw await errorOf(response);
  }
}

async function documentOf(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
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

/** What a `Status` says, else what was sent. */
async function errorOf(response: IncomingMessage): Promise<ClusterError> {
  const { statusCode = 0 } = response;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > LONGEST_ERROR) break;
  }
  try {
    const { message, reason } = JSON.parse(text) as { message?: unknown; reason?: unknown };
    if (typeof message === 'string')
      return new ClusterError(statusCode, message, typeof reason === 'string' ? reason : '');
  } catch {
    // Not a Status: a proxy's page, perhaps.
  }
  return new ClusterError(statusCode, `${statusCode} ${response.statusMessage} ${text.slice(0, 200)}`.trim());
}
