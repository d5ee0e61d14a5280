// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { AGENT_PATHS } from '@undermesh/schema';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OperatorToken } from '../control/operator-token.js';
import { CollectorError } from '../errors.js';

export const SESSION_COOKIE = 'undermesh_session';

export interface GuardOptions {
  /** Host names under which the collector may be called, beside loopback names and plain addresses. */
  readonly hosts: readonly string[];
  /** Anybody may read. */
  readonly openRead: boolean;
  readonly token: OperatorToken;
}

/** Probes come with whatever Host their prober has, and tell nothing. Agents bring what they are known by. */
const UNGUARDED: ReadonlySet<string> = new Set(['/healthz', '/readyz', ...Object.values(AGENT_PATHS)]);
/** The page that asks for the token must be readable without it; it holds no data. */
/** Methods that change nothing. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const DATA = /^\/(api\/|metrics$|openapi\.json$)/;

/**
 * Keeps other web sites out. A name that an attacker points at this address shows in `Host` (DNS rebinding): only
 * loopback names, plain addresses and configured names are served. A page of another origin shows in `Origin`. There
 * is no CORS. Behind a trusted proxy what counts is what it was called, and so it must be called by a name of ours
 * as well. Whoever writes needs the operator token, or its cookie on a page of ours that says so.
 */
export function guard(app: FastifyInstance, options: GuardOptions): void {
  const names = new Set(['localhost', ...options.hosts.map((host) => host.toLowerCase())]);

  app.addHook('onRequest', async (request) => {
    const path = request.url.split('?')[0] ?? '';
    if (UNGUARDED.has(path)) return;
    const { host, origin } = request.headers;
    for (const called of [host, request.host]) {
      if (called !== undefined && isServed(hostNameOf(called), names)) continue;
      throw new CollectorError(
        'host_not_allowed',
        `Nothing is served here as ${JSON.stringify(called)}. Add the name to collector.hosts if it is yours.`,
      );
    }
    if (origin !== undefined && !isSameOrigin(origin, request.host)) {
      throw new CollectorError('origin_not_allowed', `Requests from ${origin} are not answered.`);
    }
    if (!DATA.test(path) || path === '/api/v1/session') return;
    if (!READING.has(request.method)) {
      if (request.headers.authorization === undefined && origin === undefined) {
        throw new CollectorError(
          request.cookies[SESSION_COOKIE] === undefined ? 'token_required' : 'origin_not_allowed',
          'Send `Authorization: Bearer` with the operator token, or write from the dashboard.',
        );
      }
      authenticate(request, options.token);
      operators.set(request, options.token.name);
    } else if (!options.openRead || request.headers.authorization !== undefined) {
      authenticate(request, options.token);
    }
  });
}

/** Who sent requests that write. */
const operators = new WeakMap<FastifyRequest, string>();

/** Name of the operator who sent a request that writes. Throws CollectorError `token_required` for any other. */
export function operatorOf(request: FastifyRequest): string {
  const name = operators.get(request);
  if (name === undefined) throw new CollectorError('token_required', 'Only an operator may do this.');
  return name;
}

/** Whether a request comes from an operator, by token or cookie. */
export function isOperator(request: FastifyRequest, token: OperatorToken): boolean {
  try {
    authenticate(request, token);
    return true;
  } catch {
    return false;
  }
}

/** Throws CollectorError `token_required` or `token_wrong`. */
function authenticate(request: FastifyRequest, token: OperatorToken): void {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const given = /^Bearer (\S+)$/i.exec(authorization)?.[1];
    if (given !== undefined && token.verify(given)) return;
    throw new CollectorError('token_wrong', 'The Authorization header does not hold the operator token.');
  }
  const secret = request.cookies[SESSION_COOKIE];
  if (secret !== undefined && token.isSession(secret, Date.now())) return;
  throw new CollectorError(
    'token_required',
    'Send `Authorization: Bearer` with the operator token, or sign in.',
  );
}

/** The name of a Host header, in lower case, without port and brackets. */
function hostNameOf(host: string): string {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](:\d+)?$/.exec(host);
  return (bracketed?.[1] ?? host.replace(/:\d+$/, '')).toLowerCase();
}

const isServed = (name: string, names: ReadonlySet<string>): boolean =>
  isIP(name) !== 0 || names.has(name) || name.endsWith('.localhost');

/** The port that a scheme has by itself need not be said. */
function isSameOrigin(origin: string, host: string): boolean {
  try {
    const { protocol, host: own } = new URL(origin);
    return own === new URL(`${protocol}//${host}`).host;
  } catch {
    return false;
  }
}
