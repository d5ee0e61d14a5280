// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '@undermesh/core';
import { type EngineOrder, type NodeEngine, Problem, ROUTES } from '@undermesh/schema';
import type { Static, TSchema } from 'typebox';
import { cliError, problemError } from '../errors.js';
import type { Access } from './access.js';
import { conforms, firstDifference } from './check.js';

/** Longest wait for an answer. */
const TIMEOUT_MS = 30_000;

/** Query parameters; absent values are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Routes without parameters in their path. */
type Route = Exclude<keyof typeof ROUTES, 'connection' | 'node' | 'engine'>;
/** What a route answers. */
export type Answer<Name extends Route> = Static<(typeof ROUTES)[Name]['answer']>;

/** Asks the collector's HTTP API. Every answer is checked against the schema before anybody sees it. */
export class Client {
  readonly access: Access;

  constructor(access: Access) {
    this.access = access;
  }

  /**
   * GET of one route. Throws `unreachable`, `answer_invalid`, or what the collector answered under its own code;
   * rejects with the signal's reason when `signal` aborts.
   */
  async get<Name extends Route>(route: Name, query: Query = {}, signal?: AbortSignal): Promise<Answer<Name>> {
    const { path, answer } = ROUTES[route];
    return (await this.#ask(this.#address(path, query), { path, answer, signal })) as Answer<Name>;
  }

  /** GET of what is no JSON of the API, e.g. `metrics`. Throws `unreachable`. */
  async text(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await this.#fetch(new URL(path, this.access.url), {}, undefined);
    return { status: response.status, text: await response.text() };
  }

  /** Sets the engine of a node. Throws as {@link get} does. */
  async setEngine(node: string, order: EngineOrder): Promise<NodeEngine> {
    const { path, answer } = ROUTES.engine;
    const url = this.#address(path.replace(':name', encodeURIComponent(node)), {});
    return (await this.#ask(url, { path, answer, order })) as NodeEngine;
  }

  async #ask(
    url: URL,
    of: {
      readonly path: string;
      readonly answer: TSchema;
      readonly signal?: AbortSignal | undefined;
      readonly order?: EngineOrder;
    },
  ): Promise<unknown> {
    const { path, answer, signal, order } = of;
    const sent =
      order === undefined
        ? {}
        : { method: 'PUT', body: JSON.stringify(order), headers: { 'content-type': 'application/json' } };
    const response = await this.#fetch(url, sent, signal);
    const body = await this.#read(response, signal);
    if (!response.ok) {
      if (conforms(Problem, body)) throw problemError(body);
      throw cliError(
        'answer_invalid',
        `${this.access.url.origin} answered HTTP ${response.status} without a reason.`,
      );
    }
    if (!conforms(answer, body)) {
      const difference = firstDifference(answer, body);
      throw cliError('answer_invalid', `The answer to ${path} is not what it should be (${difference}).`);
    }
    return body;
  }

  #address(path: string, query: Query): URL {
    const url = new URL(path.slice(1), this.access.url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  async #fetch(url: URL, sent: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return await fetch(url, {
        ...sent,
        headers: { accept: 'application/json', ...authorization(this.access), ...sent.headers },
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw unreachable(this.access, cause);
    }
  }

  async #read(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
    let text: string;
    try {
      text = await response.text();
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw unreachable(this.access, cause);
    }
    try {
      return JSON.parse(text);
    } catch (cause) {
      if (!response.ok) return null;
      throw cliError(
        'answer_invalid',
        `${this.access.url.origin} answered something that is not JSON.`,
        cause,
      );
    }
  }
}

/** The header that carries the token, where there is one. */
export const authorization = ({ token }: Access): Record<string, string> =>
  token === null ? {} : { authorization: `Bearer ${token}` };

/** Why nothing could be asked, in words. */
export function unreachable({ url }: Access, cause: unknown): Error {
  const root = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = (root as { code?: unknown })?.code;
  const where = url.href.replace(/\/$/, '');
  if (code === 'ECONNREFUSED') return cliError('unreachable', `Nothing listens at ${where}.`, cause);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return cliError('unreachable', `The name ${url.hostname} cannot be resolved.`, cause);
  }
  if (root instanceof Error && root.name === 'TimeoutError') {
    return cliError('unreachable', `${where} did not answer within ${TIMEOUT_MS / 1000} s.`, cause);
  }
  return cliError('unreachable', `Cannot reach ${where}: ${messageOf(root)}.`, cause);
}
