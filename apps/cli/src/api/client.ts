// SPDX-License-Identifier: Apache-2.0
import { type Answered, ask, isDistrust, messageOf, UndermeshError } from '@undermesh/core';
import {
  type AgentMember,
  type EngineOrder,
  type Invitation,
  type NodeEngine,
  Problem,
  ROUTES,
} from '@undermesh/schema';
import type { Static, TSchema } from 'typebox';
import { cliError, problemError } from '../errors.js';
import type { Access } from './access.js';
import { conforms, firstDifference } from './check.js';
import { trustOf } from './trust.js';

/** Longest wait for an answer. */
const TIMEOUT_MS = 30_000;

/** A request that changes something. */
interface Write {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly body?: EngineOrder;
}

/** Query parameters; absent values are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Routes without parameters in their path. */
type Route = Exclude<keyof typeof ROUTES, 'connection' | 'node' | 'engine' | 'agent' | 'invitation'>;
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
    return this.#fetch(new URL(path, this.access.url), undefined, undefined);
  }

  /** Sets the engine of a node. Throws as {@link get} does. */
  async setEngine(node: string, order: EngineOrder): Promise<NodeEngine> {
    const { path, answer } = ROUTES.engine;
    const url = this.#address(path.replace(':name', encodeURIComponent(node)), {});
    return (await this.#ask(url, { path, answer, write: { method: 'PUT', body: order } })) as NodeEngine;
  }

  /** Makes a join token for the agent of a node. Throws as {@link get} does. */
  async invite(node: string): Promise<Invitation> {
    const { path, answer } = ROUTES.invitation;
    const url = this.#address(path.replace(':name', encodeURIComponent(node)), {});
    return (await this.#ask(url, { path, answer, write: { method: 'POST' } })) as Invitation;
  }

  /** Has the certificate of a node's agent refused. Throws as {@link get} does. */
  async removeAgent(node: string): Promise<AgentMember> {
    const { path, answer } = ROUTES.agent;
    const url = this.#address(path.replace(':name', encodeURIComponent(node)), {});
    return (await this.#ask(url, { path, answer, write: { method: 'DELETE' } })) as AgentMember;
  }

  async #ask(
    url: URL,
    of: {
      readonly path: string;
      readonly answer: TSchema;
      readonly signal?: AbortSignal | undefined;
      readonly write?: Write;
    },
  ): Promise<unknown> {
    const { path, answer, signal, write } = of;
    const { status, text } = await this.#fetch(url, write, signal);
    // Followed, it could take the token elsewhere.
    if (status >= 300 && status < 400) throw unreachable(this.access, new Error('it sends elsewhere'));
    const ok = status >= 200 && status < 300;
    const body = this.#parse(text, ok);
    if (!ok) {
      if (conforms(Problem, body)) throw problemError(body);
      throw cliError('answer_invalid', `${this.access.url.origin} answered HTTP ${status} without a reason.`);
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

  async #fetch(url: URL, write: Write | undefined, signal: AbortSignal | undefined): Promise<Answered> {
    const body = write?.body === undefined ? {} : { body: JSON.stringify(write.body) };
    try {
      return await ask(url, {
        method: write?.method ?? 'GET',
        headers: {
          accept: 'application/json',
          ...authorization(this.access),
          ...(write?.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...body,
        tls: await trustOf(this.access),
        timeoutMs: TIMEOUT_MS,
        signal,
      });
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw cause instanceof UndermeshError ? cause : unreachable(this.access, cause);
    }
  }

  #parse(text: string, ok: boolean): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      if (!ok) return null;
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
  if (isDistrust(root)) {
    return cliError(
      'collector_untrusted',
      `The certificate of ${where} is not to be trusted (${messageOf(root)}).`,
      cause,
    );
  }
  if (code === 'ECONNREFUSED') return cliError('unreachable', `Nothing listens at ${where}.`, cause);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return cliError('unreachable', `The name ${url.hostname} cannot be resolved.`, cause);
  }
  if (root instanceof Error && root.name === 'TimeoutError') {
    return cliError('unreachable', `${where} did not answer within ${TIMEOUT_MS / 1000} s.`, cause);
  }
  return cliError('unreachable', `Cannot reach ${where}: ${messageOf(root)}.`, cause);
}
