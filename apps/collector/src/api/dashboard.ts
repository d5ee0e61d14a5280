// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { partsOf, type WebFile, WebFiles } from './web-files.js';

/** Files whose names change with their content. */
const IMMUTABLE = /^\/_next\/static\//;
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

/** The policy of each page, made when the page is first served. */
class PagePolicies {
  readonly #policies = new WeakMap<WebFile, string>();

  /** `null` for files that run nothing. */
  of(file: WebFile): string | null {
    if (file.type.startsWith('text/javascript')) return WORKER_POLICY;
    if (!file.type.startsWith('text/html')) return null;
    let policy = this.#policies.get(file);
    if (policy === undefined) {
      policy = policyOf(scriptHashes(file.body.toString('utf8')));
      this.#policies.set(file, policy);
    }
    return policy;
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

/** The dashboard's place. */
export interface DashboardOptions {
  /** Its static export; there need be none. */
  readonly directory: string;
  /** The path below which browsers find it: '' or e.g. `/mesh`. */
  readonly basePath: string;
}

/**
 * Serves the static export of the dashboard, when there is one, below its base path only: pages asked for elsewhere are
 * sent there. Returns the answer to paths that nobody serves.
 */
export function dashboard(
  app: FastifyInstance,
  { directory, basePath }: DashboardOptions,
): (path: string, reply: FastifyReply) => FastifyReply | null {
  if (!existsSync(join(directory, 'index.html'))) {
    app.get('/', { schema: { hide: true } }, (_request, reply) =>
      reply.code(404).type('text/html').send(NO_PAGE),
    );
    return () => null;
  }
  const files = new WebFiles(directory, basePath);
  const policies = new PagePolicies();
  const describe = (reply: FastifyReply, file: WebFile): FastifyReply => {
    const policy = policies.of(file);
    if (policy !== null) reply.header('content-security-policy', policy);
    return reply.type(file.type);
  };
  app.get('/*', { schema: { hide: true } }, (request, reply) => {
    const [path = '/', query] = request.url.split('?');
    if (SERVED_ELSEWHERE.test(path)) return reply.callNotFound();
    const parameters = query === undefined ? '' : `?${query}`;
    if (isOutside(request, basePath)) {
      return reply.redirect(`${basePath}${path === basePath ? '/' : path}${parameters}`, 302);
    }
    const file = files.read(path);
    if (file === null) return reply.callNotFound();
    if (file === 'directory') {
      const names = (partsOf(path) ?? []).map(encodeURIComponent).join('/');
      return reply.redirect(`${basePath}/${names}/${parameters}`, 301);
    }
    reply.header('etag', file.etag);
    reply.header('cache-control', IMMUTABLE.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    describe(reply, file); // of an unchanged file as well: a browser takes these headers for those that it has
    return request.headers['if-none-match'] === file.etag ? reply.code(304).send() : reply.send(file.body);
  });
  return (path, reply) => {
    const page = files.read('/404.html');
    if (SERVED_ELSEWHERE.test(path) || page === null || page === 'directory') return null;
    return describe(reply, page).code(404).header('cache-control', 'no-cache').send(page.body);
  };
}

/** Whether a page was asked for past the base path. */
const isOutside = ({ originalUrl }: FastifyRequest, basePath: string): boolean =>
  basePath !== '' && !originalUrl.startsWith(`${basePath}/`);
