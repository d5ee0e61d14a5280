// SPDX-License-Identifier: Apache-2.0
import { STATUS_CODES } from 'node:http';
import { createLogger, UndermeshError } from '@undermesh/core';
import type { Problem } from '@undermesh/schema';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { COLLECTOR_ERRORS, CollectorError, type CollectorErrorCode } from '../errors.js';

const log = createLogger('api');

const titleOf = (code: string, status: number): string =>
  code in COLLECTOR_ERRORS
    ? COLLECTOR_ERRORS[code as CollectorErrorCode].title
    : (STATUS_CODES[status] ?? 'Something went wrong');

/** RFC 9457 problem details of whatever was thrown. What is nobody's fault but ours is logged and not told. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof UndermeshError) {
    return problem({ code: thrown.code, status: thrown.status, detail: thrown.message });
  }
  const { statusCode, code, message } = thrown as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode < 500) {
    const named =
      statusCode === 404 ? 'not_found' : statusCode === 405 ? 'method_not_allowed' : 'request_invalid';
    return problem({ code: named, status: statusCode, detail: message ?? code ?? '' });
  }
  log.error({ err: thrown }, 'request failed');
  return problem({ code: 'internal', status: 500, detail: 'See the log of the collector.' });
}

function problem(of: { code: string; status: number; detail: string }): Problem {
  const title = titleOf(of.code, of.status);
  return {
    type: `urn:undermesh:error:${of.code}`,
    title,
    status: of.status,
    code: of.code,
    detail: of.detail,
  };
}

/** Fastify's error handler. */
export function answerProblem(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const body = problemOf(error);
  if (body.status === 401) reply.header('www-authenticate', 'Bearer realm="undermesh"');
  return reply.code(body.status).type('application/problem+json').send(JSON.stringify(body));
}

/** Fastify's answer to an unknown path below /api and the like. */
export function notFound(request: FastifyRequest): CollectorError {
  return new CollectorError(
    'not_found',
    `There is nothing at ${request.method} ${request.url.split('?')[0]}.`,
  );
}
