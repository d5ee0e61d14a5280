// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Files whose names change with their content. */
const IMMUTABLE = /[\\/]_next[\\/]static[\\/]/;
const SERVED_ELSEWHERE = /^\/(api|ingest|metrics|healthz|readyz|openapi\.json)(\/|$)/;

const NO_PAGE =
  '<!doctype html><title>Undermesh</title><p>The dashboard is not built: run <code>npm run build</code>.</p>';

/** Hashes of a page's inline scripts, as a Content-Security-Policy wants them. */
export function scriptHashes(html: string): string[] {
  const hashes = new Set<string>();
  for (const [, attributes = '', body = ''] of html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
    if (/\ssrc=/.test(attributes) || body === '') continue;
    hashes.add(`'sha256-${createHash('sha256').update(body).digest('base64')}'`);
  }
  return [...hashes];
}

/**
 * Scripts: our own files and the inline ones that Next.js wrote into this page at build time, by hash. Styles:
 * `unsafe-inline`, because React and ECharts set style attributes, which cannot be hashed; they run no code.
 */
const policyOf = (hashes: readonly string[]): string =>
  [
    `default-src 'none'`,
    `script-src 'self' ${hashes.join(' ')}`.trim(),
    `style-src 'self' 'unsafe-inline'`,
    `img-src 'self' data: blob:`,
    `font-src 'self'`,
    `connect-src 'self'`,
    `worker-src 'self' blob:`,
    `manifest-src 'self'`,
    `base-uri 'none'`,
    `form-action 'self'`,
    `frame-ancestors 'none'`,
  ].join('; ');

/** Of scripts: a worker does not have its page's policy but that of the file it was started from. */
const WORKER_POLICY = `default-src 'none'; script-src 'self'; connect-src 'self'`;

/** The policy of each page, made when the page is first served and again when it was rebuilt. */
class PagePolicies {
  readonly #policies = new Map<string, { readonly modifiedMs: number; readonly policy: string }>();

  /** `null` for files that run nothing. */
  of(path: string): string | null {
    if (path.endsWith('.js')) return WORKER_POLICY;
    if (!path.endsWith('.html')) return null;
    const { mtimeMs } = statSync(path);
    let known = this.#policies.get(path);
    if (known?.modifiedMs !== mtimeMs) {
      known = { modifiedMs: mtimeMs, policy: policyOf(scriptHashes(readFileSync(path, 'utf8'))) };
      this.#policies.set(path, known);
    }
    return known.policy;
  }
}

/** Headers of every answer. */
export function securityHeaders(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply, payload) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    reply.header('cross-origin-resource-policy', 'same-origin');
    if (!reply.hasHeader('content-security-policy')) {
      reply.header('content-security-policy', `default-src 'none'; frame-ancestors 'none'`);
    }
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    return payload;
  });
}

/** Serves the static export of the dashboard, when there is one. Returns the answer to paths that nobody serves. */
export async function dashboard(
  app: FastifyInstance,
  directory: string,
): Promise<(path: string, reply: FastifyReply) => FastifyReply | null> {
  const built = existsSync(join(directory, 'index.html'));
  if (!built) {
    app.get('/', { schema: { hide: true } }, (_request, reply) =>
      reply.code(404).type('text/html').send(NO_PAGE),
    );
    return () => null;
  }
  const policies = new PagePolicies();
  await app.register(fastifyStatic, {
    root: directory,
    wildcard: true,
    redirect: true,
    cacheControl: false,
    setHeaders(reply, path) {
      const policy = policies.of(path);
      if (policy !== null) reply.header('content-security-policy', policy);
      reply.header(
        'cache-control',
        IMMUTABLE.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
  const missing = join(directory, '404.html');
  return (path, reply) => {
    if (SERVED_ELSEWHERE.test(path) || !existsSync(missing)) return null;
    return reply
      .code(404)
      .header('content-security-policy', policies.of(missing) ?? policyOf([]))
      .header('cache-control', 'no-cache')
      .type('text/html; charset=utf-8')
      .send(readFileSync(missing));
  };
}
