// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, type Server, type TlsOptions } from 'node:tls';
import { createLogger, messageOf, UndermeshError } from '@undermesh/core';
import type { CollectorConfig } from '../config.js';
import { openAuthority } from './authority.js';
import type { Issuer, KeyAndCertificate } from './certificates.js';
import { tlsModeOf } from './mode.js';

const log = createLogger('tls');

/** Files of the operator are looked at so often. */
const LOOK_MS = 10_000;
/** A certificate that could not be renewed is tried again after that. */
const RETRY_MS = 10_000;

/** What the server shows, and until when it does so. */
interface Shown extends KeyAndCertificate {
  /** When to look for the next, Unix ms. */
  readonly renewAt: number;
}

/** The certificates of a collector: what it shows, renewed while it serves, and the authority that vouches for its agents. */
export class ServerTls {
  /** Signs the certificates of agents; and the one that is shown, unless that is the operator's. */
  readonly issuer: Issuer;
  readonly #config: CollectorConfig;
  readonly #isOwn: boolean;
  #shown: Shown;
  #server: Server | null = null;
  #renewing = false;

  private constructor(config: CollectorConfig, issuer: Issuer, first: { isOwn: boolean; shown: Shown }) {
    this.#config = config;
    this.issuer = issuer;
    this.#isOwn = first.isOwn;
    this.#shown = first.shown;
  }

  /**
   * Makes or reads the certificates; `null` where nothing is to be encrypted. Throws UndermeshError `config_invalid`,
   * `authority_unreadable` or `certificate_unreadable`.
   */
  static async open(config: CollectorConfig): Promise<ServerTls | null> {
    const mode = tlsModeOf(config);
    if (mode === 'off') return null;
    const issuer = await openAuthority(join(config.data, 'tls', 'authority.pem'), config.cluster);
    const isOwn = mode === 'own';
    return new ServerTls(config, issuer, { isOwn, shown: isOwn ? await make(config, issuer) : read(config) });
  }

  /** Whether browsers know who vouches for the certificate: the operator chose it. */
  get isOperators(): boolean {
    return !this.#isOwn;
  }

  /** What callers are to trust, PEM; `null`: what their systems trust. Throws what the file system says. */
  get trusted(): string | null {
    if (this.#isOwn) return this.issuer.certificate;
    const { caFile } = this.#config.tls;
    return caFile === '' ? null : readFileSync(caFile, 'utf8');
  }

  /**
   * Options of the server. Everybody is asked for a certificate and nobody needs one: browsers and scrapers have none, and
   * what agents show is judged where they come in.
   */
  get options(): TlsOptions {
    return { ...this.#context(), requestCert: true, rejectUnauthorized: false };
  }

  /** Renews what this server shows from now on; connections that it has stay. */
  attach(server: Server): void {
    this.#server = server;
  }

  /** Renews the certificate when it is time. Call it often. Never throws. */
  async tick(now: number): Promise<void> {
    if (this.#renewing || now < this.#shown.renewAt) return;
    this.#renewing = true;
    try {
      const next = this.#isOwn ? await make(this.#config, this.issuer) : read(this.#config);
      const isNew = next.certificate !== this.#shown.certificate;
      const before = this.#shown;
      this.#shown = next;
      try {
        if (isNew) this.#server?.setSecureContext(this.#context());
      } catch (error) {
        this.#shown = before;
        throw error;
      }
      if (isNew) log.info({ until: validTo(next.certificate) }, 'certificate of the collector renewed');
    } catch (error) {
      this.#shown = { ...this.#shown, renewAt: now + RETRY_MS };
      log.error(
        { problem: messageOf(error) },
        'the certificate could not be renewed: the former one is shown',
      );
    } finally {
      this.#renewing = false;
    }
  }

  #context(): TlsOptions {
    const { key, certificate } = this.#shown;
    return { key, cert: certificate, ca: this.issuer.certificate, minVersion: 'TLSv1.3' };
  }
}

async function make(config: CollectorConfig, issuer: Issuer): Promise<Shown> {
  const now = Date.now();
  const milliseconds = config.tls.certificateSeconds * 1000;
  const made = await issuer.server(serverNames(config), { now, milliseconds });
  return { ...made, renewAt: now + (milliseconds * 2) / 3 };
}

/** What the collector may be called by: what it is told, what this machine is called, and its addresses. */
function serverNames({ hosts, listen }: CollectorConfig): string[] {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const addresses = own.map(({ address }) => address).filter((address) => !address.includes('%'));
  const isAny = listen.address === '0.0.0.0' || listen.address === '::';
  const listened = isAny ? addresses : [listen.address];
  return [...new Set([...hosts, 'localhost', '127.0.0.1', '::1', hostname(), ...listened])];
}

function read({ tls }: CollectorConfig): Shown {
  try {
    const [certificate, key] = [readFileSync(tls.certificateFile, 'utf8'), readFileSync(tls.keyFile, 'utf8')];
    // Throws where the two do not belong together.
    createSecureContext({ cert: certificate, key });
    return { key, certificate, renewAt: Date.now() + LOOK_MS };
  } catch (cause) {
    throw new UndermeshError({
      code: 'certificate_unreadable',
      message: `The certificate ${tls.certificateFile} cannot be used with the key ${tls.keyFile} (${messageOf(cause)}): give both in PEM, and the key that belongs to the certificate.`,
      cause,
    });
  }
}

const validTo = (certificate: string): string =>
  new Date(new X509Certificate(certificate).validTo).toISOString();
