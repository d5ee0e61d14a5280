// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFileSync, UndermeshError } from '@undermesh/core';

const SESSION_MS = 12 * 3_600_000;
const MOST_SESSIONS = 1000;
/** Who an operator is called whose token was given no name. */
const NAMELESS = 'operator';

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

  /** Whose token it is, for the change log. */
  get name(): string {
    return this.#read()?.name ?? NAMELESS;
  }

  /**
   * Makes a new token; the former one and its sessions are void.
   * @param name of whoever holds it: letters, digits and any of _ . @ -
   */
  reset(name = NAMELESS): string {
    if (!/^[A-Za-z0-9_.@-]{1,64}$/.test(name)) {
      throw new UndermeshError({
        code: 'config_invalid',
        message: `${JSON.stringify(name)} cannot be a name: use 1 to 64 letters, digits and any of _ . @ -`,
      });
    }
    const token = `umt_${randomBytes(32).toString('base64url')}`;
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    replaceFileSync(this.#file, `${sha256(token).toString('hex')} ${name}\n`);
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
    return this.#read()?.hash ?? null;
  }

  #read(): { hash: string; name: string } | null {
    try {
      const text = readFileSync(this.#file, 'utf8').trim();
      const [, hash, name = NAMELESS] = /^([0-9a-f]{64})(?: (\S+))?$/.exec(text) ?? [];
      return hash === undefined ? null : { hash, name };
    } catch {
      return null;
    }
  }
}
