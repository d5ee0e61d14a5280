// SPDX-License-Identifier: Apache-2.0
import { readdirSync, statfsSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { ROUTES, type Support } from '@undermesh/schema';
import { keptSettings, platform, Redactor } from '@undermesh/support';
import type { FastifyInstance } from 'fastify';
import { CollectorConfig } from '../config.js';
import { VERSION } from '../version.js';

/** Endings of files that a collector writes; all others are `other`. */
const KINDS: ReadonlySet<string> = new Set(['.duckdb', '.wal', '.json', '.jsonl', '.log', '.pem', '.tmp']);

/** /support: settings in force without secrets, and what lies in the data directory. */
export function supportRoute(app: FastifyInstance, config: CollectorConfig): void {
  app.get(
    ROUTES.support.path,
    {
      schema: {
        summary: 'What a report on the collector needs; no secrets',
        response: { 200: ROUTES.support.answer },
      },
    },
    async () => supportAnswer(config),
  );
}

/** The answer of GET /support. Throws what the disk says. */
export function supportAnswer(config: CollectorConfig): Support {
  const redactor = new Redactor({ anonymise: false, words: new Set(['http', 'https']) });
  const { bavail, blocks, bsize } = statfsSync(config.data);
  return {
    version: VERSION,
    platform: platform(),
    settings: keptSettings('collector', { schema: CollectorConfig, config }, redactor),
    files: filesByKind(config.data),
    disk: { freeBytes: bavail * bsize, totalBytes: blocks * bsize },
  };
}

function filesByKind(directory: string): Support['files'] {
  const kinds = new Map<string, { kind: string; files: number; bytes: number }>();
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const ending = extname(entry.name);
    const kind = KINDS.has(ending) ? ending.slice(1) : 'other';
    const sum = kinds.get(kind) ?? { kind, files: 0, bytes: 0 };
    kinds.set(kind, sum);
    sum.files += 1;
    // A file that went meanwhile has no bytes.
    sum.bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return [...kinds.values()].sort((one, other) => other.bytes - one.bytes);
}
