// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFileSync } from '@undermesh/core';

const SESSION_MS = 12 * 3_600_000;
const MOST_SESSIONS = 1000;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/**
 * The operator's token, kept as a hash, and the browser sessions that were opened with it. The file is read at every
 * check, so that `token reset` works while the collector runs and ends all sessions.
 */
export class OperatorToken {
  readonly #file: string;
  readonly #sessions = new Map<string, { readonly expiresAt: number; readonly of: string }>();

  /** @param data the collector's data directory. */
  constructor(data: string) {
    this.#file = join(data, 'operator-token');
  }

  /** Makes a token when there is none; `null` when there is one, which cannot be read. */
  ensure(): string | null {
    return this.#hash() === null ? this.reset() : null;
  }

  /** Makes a new token; the former one and its sessions are void. */
  reset(): string {
    const token = `umt_${randomBytes(32).toString('base64url')}`;
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    replaceFileSync(this.#file, `${sha256(token).toString('hex')}\n`);
    return token;
  }

  verify(token: string): boolean {
    const hash = this.#hash();
    return hash !== null && same(Buffer.from(hash, 'hex'), sha256(token));
  }

  /** Opens a browser session; the returned secret goes into its cookie. Call it only after {@link verify}. */
  openSession(now: number): { secret: string; maxAgeSeconds: number } {
    for (const [key, session] of this.#sessions) {
      if (session.expiresAt <= now || this.#sessions.size >= MOST_SESSIONS) this.#sessions.delete(key);
    }
    const secret = randomBytes(32).toString('base64url');
    const of = this.#hash() ?? '';
    this.#sessions.set(sha256(secret).toString('hex'), { expiresAt: now + SESSION_MS, of });
    return { secret, maxAgeSeconds: SESSION_MS / 1000 };
  }

  isSession(secret: string, now: number): boolean {
    const session = this.#sessions.get(sha256(secret).toString('hex'));
    return session !== undefined && session.expiresAt > now && session.of === this.#hash();
  }

  closeSession(secret: string): void {
    this.#sessions.delete(sha256(secret).toString('hex'));
  }

  #hash(): string | null {
    try {
      const text = readFileSync(this.#file, 'utf8').trim();
      return /^[0-9a-f]{64}$/.test(text) ? text : null;
    } catch {
      return null;
    }
  }
}
