// SPDX-License-Identifier: Apache-2.0
// What the library below asks for: it has its parsers injected by decorators.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Certificates are good from a little before they are made: clocks differ. */
const SLACK_MS = 300_000;
const AUTHORITY_MS = 10 * 365 * 86_400_000;

type Key = webcrypto.CryptoKey;

/** A private key (PKCS #8) and its certificate, both in PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** How long a certificate lives. */
export interface Life {
  readonly now: number;
  readonly milliseconds: number;
}

/** What a certificate of an agent says. */
export interface AgentSubject {
  readonly node: string;
  /** 16 hexadecimal digits: which joining of this node it comes from. */
  readonly joinId: string;
  /** SPKI, DER. */
  readonly publicKey: Buffer;
}

/** Makes the key and certificate of an authority that signs those of agents and of the collector itself (RFC 5280). */
export async function makeAuthority(cluster: string, now: number): Promise<KeyAndCertificate> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [
      { O: ['Undermesh'] },
      { CN: [`Undermesh ${cluster.slice(0, 40)} ${randomBytes(4).toString('hex')}`] },
    ],
    ...lifetime({ now, milliseconds: AUTHORITY_MS }),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await keyToPem(keys.privateKey), certificate: certificate.toString('pem') };
}

/** Signs with the key of an authority. */
export class Issuer {
  /** The authority's own, PEM. */
  readonly certificate: string;
  readonly #key: Key;
  readonly #parsed: X509Certificate;

  private constructor(certificate: string, key: Key) {
    this.certificate = certificate;
    this.#parsed = new X509Certificate(certificate);
    this.#key = key;
  }

  /** Throws what the parsers say of a key or certificate that is none. */
  static async open({ key, certificate }: KeyAndCertificate): Promise<Issuer> {
    return new Issuer(certificate, await keyFromPem(key));
  }

  /** A key and certificate for a server that is called by these names and addresses. */
  async server(names: readonly string[], life: Life): Promise<KeyAndCertificate> {
    const keys = await makeKeys();
    const certificate = await this.#sign({
      serialNumber: serial(),
      publicKey: keys.publicKey,
      usage: ExtendedKeyUsage.serverAuth,
      names: names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      life,
    });
    return { key: await keyToPem(keys.privateKey), certificate };
  }

  /** A certificate for an agent, PEM. */
  agent({ node, joinId, publicKey }: AgentSubject, life: Life): Promise<string> {
    return this.#sign({
      serialNumber: `01${joinId}${randomBytes(8).toString('hex')}`,
      publicKey: new PublicKey(publicKey),
      usage: ExtendedKeyUsage.clientAuth,
      names: [{ type: 'url', value: nodeUri(node) }],
      life,
    });
  }

  async #sign(of: {
    readonly serialNumber: string;
    readonly publicKey: Key | PublicKey;
    readonly usage: ExtendedKeyUsage;
    readonly names: { type: 'dns' | 'ip' | 'url'; value: string }[];
    readonly life: Life;
  }): Promise<string> {
    const { notBefore, notAfter } = lifetime(of.life);
    const extensions: Extension[] = [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([of.usage]),
      new SubjectAlternativeNameExtension(of.names),
      await AuthorityKeyIdentifierExtension.create(await this.#parsed.publicKey.export()),
    ];
    const certificate = await X509CertificateGenerator.create({
      serialNumber: of.serialNumber,
      subject: [{ O: ['Undermesh'] }],
      issuer: this.#parsed.subject,
      notBefore,
      notAfter: new Date(Math.min(notAfter.getTime(), this.#parsed.notAfter.getTime())),
      publicKey: of.publicKey,
      signingKey: this.#key,
      signingAlgorithm: ALGORITHM,
      extensions,
    });
    return certificate.toString('pem');
  }
}

const NODE_URI = /^URI:undermesh:\/\/node\/([^\s,"]+)$/;
const AGENT_SERIAL = /^01([0-9A-F]{16})[0-9A-F]{16}$/i;

const nodeUri = (node: string): string => `undermesh://node/${encodeURIComponent(node)}`;

/** Whose a verified certificate of an agent is; `null` for one that names no node, such as the collector's own. */
export function agentSubjectOf(certificate: {
  readonly subjectAltName: string | undefined;
  readonly serialNumber: string;
}): Pick<AgentSubject, 'node' | 'joinId'> | null {
  const node = NODE_URI.exec(certificate.subjectAltName ?? '')?.[1];
  const joinId = AGENT_SERIAL.exec(certificate.serialNumber)?.[1];
  return node === undefined || joinId === undefined
    ? null
    : { node: decodeURIComponent(node), joinId: joinId.toLowerCase() };
}

/** Which joining a certificate comes from. */
export const makeJoinId = (): string => randomBytes(8).toString('hex');

/** Times in certificates have whole seconds: it lives no shorter than it was asked to. */
const lifetime = ({ now, milliseconds }: Life): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(now - SLACK_MS),
  notAfter: new Date(Math.ceil((now + milliseconds) / 1000) * 1000),
});

/** Positive, as RFC 5280, 4.1.2.2 wants it. */
const serial = (): string => `02${randomBytes(15).toString('hex')}`;

const makeKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

async function keyToPem(key: Key): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

const keyFromPem = (pem: string): Promise<Key> =>
  webcrypto.subtle.importKey(
    'pkcs8',
    Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64'),
    ALGORITHM,
    false,
    ['sign'],
  );
