// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { release } from 'node:os';
import { ownWords } from './words.js';

/** Stands where something was left out. */
export const LEFT_OUT = '<...>';

/** Names that everybody has, and that of the kernel. */
const COMMON_NAMES: ReadonlySet<string> = new Set([
  '',
  'default',
  'host',
  'localhost',
  'unknown',
  'off',
  release(),
]);
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|::)$/;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
const NUMBER =
  /^-?(\d{1,7}(\.\d{1,9})?(e[+-]?\d{1,3})?|0x[0-9a-f]{1,8}|Inf|NaN)(ns|us|ms|s|min|h|d|B|kB|MB|GB|KiB|MiB|GiB)?$/i;
const RELEASE = /^v?\d{1,5}(\.\d{1,5}){1,3}$/;

/**
 * Lets through what is known to be no secret, and nothing else. In text: the words of Undermesh's own programs, short numbers,
 * moments, IP addresses, and names that it has been told. With `anonymise` addresses and names become others, the same
 * ones wherever they stand.
 */
export class Redactor {
  readonly #words: ReadonlySet<string>;
  readonly #anonymise: boolean;
  /** By name, what stands for it. */
  readonly #names = new Map<string, string>();
  readonly #addresses = new Map<string, string>();

  constructor(options: { readonly anonymise: boolean; readonly words?: ReadonlySet<string> }) {
    this.#anonymise = options.anonymise;
    this.#words = options.words ?? ownWords();
  }

  /** A name of a node, a workload, a service or the like, now known to be one. */
  name(name: string): string {
    if (COMMON_NAMES.has(name)) return name;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const shown = this.#anonymise ? `name-${this.#names.size + 1}` : name;
    this.#names.set(name, shown);
    return shown;
  }

  /** An IP address; anything else is left out. */
  address(address: string): string {
    if (isIP(address) === 0) return LEFT_OUT;
    if (!this.#anonymise || LOOPBACK.test(address)) return address;
    const shown = this.#addresses.get(address) ?? `address-${this.#addresses.size + 1}`;
    this.#addresses.set(address, shown);
    return shown;
  }

  /** Scheme, host and port of a URL: neither user nor path nor query. */
  url(text: string): string {
    if (!URL.canParse(text)) return LEFT_OUT;
    const { protocol, hostname, port } = new URL(text);
    if (!this.#words.has(protocol.slice(0, -1))) return LEFT_OUT;
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const shown = isIP(host) === 0 ? this.name(host) : this.address(host);
    return `${protocol}//${shown}${port === '' ? '' : `:${port}`}`;
  }

  /** Text of whomever, line by line, less all that is not known. */
  text(text: string): string {
    return text.replaceAll(/\S+/g, (run) => this.#run(run));
  }

  /** What stands between two spaces: shown as far as it is known, then cut. */
  #run(run: string): string {
    const [, before = '', inner = '', after = ''] =
      /^([("'`[{<]*)(.*?)([)"'`\]}>,.;:!?…]*)$/su.exec(run) ?? [];
    if (inner === '') return run;
    const whole =
      this.#known(inner) ?? (/^[a-z][a-z0-9+.-]*:\/\//i.test(inner) ? this.url(inner) : undefined);
    if (whole !== undefined) return before + whole + after;
    let shown = '';
    for (const [, separator = '', part = ''] of inner.matchAll(
      /([/=:,@|()[\]{}"'`<>→]*)([^/=:,@|()[\]{}"'`<>→]*)/gu,
    )) {
      const known = part === '' ? '' : (this.#known(part) ?? this.#compound(part));
      if (known === undefined) return `${before}${shown}${separator}${LEFT_OUT}${after}`;
      shown += separator + known;
    }
    return before + shown + after;
  }

  /** As it may be shown; `undefined`: nobody knows it. */
  #known(part: string): string | undefined {
    const name = this.#names.get(part);
    if (name !== undefined) return name;
    if (isIP(part) !== 0) return this.address(part);
    const isKnown =
      COMMON_NAMES.has(part) ||
      this.#words.has(part) ||
      this.#words.has(part.toLowerCase()) ||
      NUMBER.test(part) ||
      RELEASE.test(part) ||
      TIME.test(part) ||
      /^[^A-Za-z0-9]*$/.test(part);
    return isKnown ? part : undefined;
  }

  /** `dual-engine`, `undermesh.slice`, `istio.io`: words and numbers put together. */
  #compound(part: string): string | undefined {
    const pieces = part.split(/([^A-Za-z0-9]+)/);
    return pieces.every((piece) => piece === '' || this.#known(piece) === piece) ? part : undefined;
  }
}
