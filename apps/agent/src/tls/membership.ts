// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { Backoff, createLogger, messageOf, type TlsAccess } from '@undermesh/core';
import { REJOIN_CODES } from '@undermesh/schema';
import { agentError } from '../errors.js';
import type { UplinkAccess } from '../uplink/access.js';
import { readCredential } from '../uplink/credential.js';
import { certify, type Proof } from './certify.js';
import { type Identity, IdentityFile } from './identity-file.js';
import { join, type MembershipConfig, readToken, trustOf } from './join.js';

const log = createLogger('tls');
/** What a timer can wait for. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LONGEST_PAUSE_MS = 60_000;

/**
 * By what right the agent connects: without TLS by its credential, with TLS by its certificate. Joins where it has none and
 * may, and renews it at two thirds of its life.
 */
export class Membership {
  readonly #config: MembershipConfig;
  readonly #file: IdentityFile;
  readonly #encrypted: boolean;
  readonly #backoff = new Backoff(LONGEST_PAUSE_MS);
  #identity: Identity | null = null;
  /** A collector did not believe this certificate: it is of no use any more. */
  #refused = '';
  #joining: Promise<Identity> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #onRenewed: (() => Promise<void>) | undefined;

  constructor(config: MembershipConfig) {
    this.#config = config;
    this.#file = new IdentityFile(config);
    this.#encrypted = /^(wss|https):/.test(config.collector.url);
  }

  /** When the certificate ends, Unix ms; `null` without one. */
  get expiresAt(): number | null {
    return this.#identity?.expiresAt ?? null;
  }

  /**
   * What to connect with by now. Throws UndermeshError of why there is nothing, such as `credential_unreadable`,
   * `not_joined` or the collector's own code.
   */
  async access(): Promise<UplinkAccess> {
    const { credentialFile } = this.#config.collector;
    if (!this.#encrypted) return { credential: readCredential(credentialFile) };
    const identity = await this.#current();
    // A proxy may encrypt what a collector takes without TLS.
    if (identity === null) return { credential: readCredential(credentialFile), tls: this.trust() };
    return { tls: { ...this.trust(), cert: identity.certificate, key: identity.key } };
  }

  /** How the collector is known. Throws UndermeshError `authority_unreadable`. */
  trust(): TlsAccess {
    return trustOf(this.#config);
  }

  /** The collector refused the agent: what joining anew mends is joined anew, where the agent may. */
  refused(code: string, { tls }: UplinkAccess): void {
    if (REJOIN_CODES.includes(code)) this.#refused = tls?.cert ?? '';
  }

  /** Begins to renew the certificate, and to tell of it. */
  start(onRenewed: () => Promise<void>): void {
    this.#onRenewed = onRenewed;
    this.#schedule();
  }

  stop(): void {
    this.#onRenewed = undefined;
    clearTimeout(this.#timer);
  }

  async #current(): Promise<Identity | null> {
    if (this.#identity !== null && this.#isGood(this.#identity)) return this.#identity;
    // `undermesh-agent join` may have been run meanwhile.
    const identity = this.#file.read();
    if (identity !== null && this.#isGood(identity)) {
      this.#take(identity);
      return identity;
    }
    const proof = this.#proof();
    if (proof !== null) {
      this.#joining ??= this.#join(proof).finally(() => {
        this.#joining = null;
      });
      return this.#joining;
    }
    // Of one that is no good the collector says so, and what to do.
    if (identity !== null) return identity;
    if (existsSync(this.#config.collector.credentialFile)) return null;
    throw agentError('not_joined', `This agent has no certificate in ${this.#file.directory}.`);
  }

  #isGood({ certificate, expiresAt }: Identity): boolean {
    return expiresAt > Date.now() && certificate !== this.#refused;
  }

  /** What the agent may join with by itself. */
  #proof(): Proof | null {
    const { serviceAccountToken, tokenFile } = this.#config.join;
    if (serviceAccountToken !== '') return { serviceAccountToken: readToken(serviceAccountToken) };
    return tokenFile !== '' && existsSync(tokenFile) ? { token: readToken(tokenFile) } : null;
  }

  async #join(proof: Proof): Promise<Identity> {
    const identity = await join(this.#config, proof);
    this.#take(identity);
    return identity;
  }

  #take(identity: Identity): void {
    this.#identity = identity;
    log.debug({ until: new Date(identity.expiresAt).toISOString() }, 'the agent has a certificate');
    this.#schedule();
  }

  #schedule(): void {
    if (this.#onRenewed === undefined || this.#identity === null) return;
    const { issuedAt, expiresAt } = this.#identity;
    this.#wait(issuedAt + ((expiresAt - issuedAt) * 2) / 3 - Date.now(), () => this.renew());
  }

  #wait(milliseconds: number, work: () => Promise<void>): void {
    clearTimeout(this.#timer);
    const pause = Math.min(Math.max(0, milliseconds), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => {
      if (milliseconds > LONGEST_TIMER_MS) this.#schedule();
      else void work();
    }, pause);
    this.#timer.unref();
  }

  /** Gets the next certificate and goes over to it; what fails is tried again. Does nothing without one. Never rejects. */
  async renew(): Promise<void> {
    const identity = this.#identity;
    if (identity === null) return;
    try {
      const { node, collector } = this.#config;
      const tls = { ...this.trust(), cert: identity.certificate, key: identity.key };
      const certified = await certify({ url: collector.url, tls }, node);
      this.#file.write(certified.identity, certified.authority);
      this.#backoff.reset();
      this.#take(certified.identity);
      await this.#goOver();
    } catch (error) {
      const pauseMs = Math.round(this.#backoff.next());
      log.warn(
        { problem: messageOf(error), pauseMs },
        'the certificate could not be renewed: it is tried again',
      );
      this.#wait(pauseMs, () => this.renew());
    }
  }

  /** Has connections made anew; one that cannot be is kept, and made anew with the next certificate or when it ends. */
  async #goOver(): Promise<void> {
    try {
      await this.#onRenewed?.();
    } catch (error) {
      log.warn({ problem: messageOf(error) }, 'the former connection is kept: the new one was not taken');
    }
  }
}
