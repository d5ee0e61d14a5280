// SPDX-License-Identifier: Apache-2.0
import { ROUTES } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { OperatorToken } from '../control/operator-token.js';
import { CollectorError } from '../errors.js';
import { isOperator, SESSION_COOKIE } from './guard.js';

const COOKIE = { httpOnly: true, sameSite: 'strict' } as const;
/** Wrong tokens that are answered per minute; a right one has 256 random bits, so this only spares the log. */
const MOST_WRONG = 30;

/** Exchanges the operator token for a cookie that scripts cannot read, sent to `cookiePath` and below only. */
export function browserSessionRoutes(
  app: FastifyInstance,
  options: { readonly token: OperatorToken; readonly cookiePath: string },
): void {
  const cookie = { ...COOKIE, path: options.cookiePath };
  let wrong = 0;
  let minute = 0;
  app.post(
    '/api/v1/session',
    {
      schema: {
        summary: 'Sign in with the operator token',
        body: Type.Object({ token: Type.String({ maxLength: 256 }) }),
      },
    },
    async (request, reply) => {
      const now = Date.now();
      if (Math.floor(now / 60_000) !== minute) {
        minute = Math.floor(now / 60_000);
        wrong = 0;
      }
      const { token } = request.body as { token: string };
      if (wrong >= MOST_WRONG || !options.token.verify(token)) {
        wrong++;
        throw new CollectorError('token_wrong', 'This is not the operator token.');
      }
      const { secret, maxAgeSeconds } = options.token.openSession(now);
      return reply
        .setCookie(SESSION_COOKIE, secret, {
          ...cookie,
          secure: request.protocol === 'https',
          maxAge: maxAgeSeconds,
        })
        .code(204)
        .send();
    },
  );
  app.get(
    ROUTES.session.path,
    { schema: { summary: 'Who is signed in', response: { 200: ROUTES.session.answer } } },
    async (request) => ({ operator: isOperator(request, options.token) ? options.token.name : null }),
  );
  app.delete('/api/v1/session', { schema: { summary: 'Sign out' } }, async (request, reply) => {
    const secret = request.cookies[SESSION_COOKIE];
    if (secret !== undefined) options.token.closeSession(secret);
    return reply.clearCookie(SESSION_COOKIE, cookie).code(204).send();
  });
}
