// SPDX-License-Identifier: Apache-2.0

/**
 * The YAML that nearly all manifests are written in: block maps and lists, one scalar to a line. It is read ten times as
 * fast as by a parser of the whole language. Whatever is not clearly of this kind is left to that one: flow collections,
 * anchors, texts over several lines, comments behind values, escapes, numbers but whole ones, and every mistake.
 */
export function parsePlainYaml(text: string): { readonly value: unknown } | null {
  try {
    return { value: new Reader(text).document() };
  } catch (thrown) {
    if (thrown === NOT_PLAIN) return null;
    throw thrown;
  }
}

const NOT_PLAIN = Symbol('not plain');

function notPlain(): never {
  throw NOT_PLAIN;
}

const ENTRY = /^([A-Za-z][A-Za-z0-9_./-]*):(?: +(\S.*))?$/;
const WORDS = /^[A-Za-z_/][\w./@+=,;()-]*(?::[\w./@+=,;()-]+)*(?: [\w./@+=,;()-]+(?::[\w./@+=,;()-]+)*)*$/;
const ADDRESS = /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/;
const INTEGER = /^(?:0|[1-9][0-9]{0,14})$/;
const QUOTED = /^(?:"[^"\\]*"|'[^']*')$/;
/** Words that mean something else than their letters, in whatever case. */
const SPECIAL = /^(?:true|false|null)$/i;

class Reader {
  /** Without blank lines and comments. */
  readonly #lines: readonly string[];
  readonly #indents: readonly number[];
  #at = 0;

  constructor(text: string) {
    if (text.includes('\t') || text.includes('\r')) notPlain();
    const lines = text.split('\n');
    if (lines[0]?.trimEnd() === '---') lines.shift();
    const held = lines.filter((line) => !/^ *(?:#|$)/.test(line));
    this.#indents = held.map((line) => line.search(/[^ ]/));
    this.#lines = held.map((line) => line.trim());
  }

  document(): unknown {
    if (this.#indents[0] !== 0) notPlain();
    const value = this.#block(0);
    if (this.#at < this.#lines.length) notPlain();
    return value;
  }

  #block(indent: number): unknown {
    return this.#isItem() ? this.#list(indent) : this.#map(indent, {});
  }

  #isItem(): boolean {
    const line = this.#lines[this.#at];
    return line !== undefined && (line === '-' || line.startsWith('- '));
  }

  #list(indent: number): unknown[] {
    const items: unknown[] = [];
    while (this.#indents[this.#at] === indent && this.#isItem()) {
      const rest = (this.#lines[this.#at] ?? '').slice(2);
      if (rest === '' || rest.startsWith(' ') || rest.startsWith('-')) notPlain();
      items.push(ENTRY.test(rest) ? this.#map(indent + 2, {}, rest) : this.#scalarLine(rest, indent));
    }
    return items;
  }

  /** `first`: the entry that stands behind a list's dash. */
  #map(indent: number, map: Record<string, unknown>, first?: string): Record<string, unknown> {
    let line = first ?? (this.#indents[this.#at] === indent ? this.#lines[this.#at] : undefined);
    while (line !== undefined && !line.startsWith('- ')) {
      const [, key = notPlain(), value] = ENTRY.exec(line) ?? [];
      if (SPECIAL.test(key) || Object.hasOwn(map, key)) notPlain();
      map[key] = value === undefined ? this.#below(indent) : this.#scalarLine(value, indent);
      line = this.#indents[this.#at] === indent ? this.#lines[this.#at] : undefined;
    }
    if ((this.#indents[this.#at] ?? 0) > indent) notPlain();
    return map;
  }

  /** What stands under a key: a block further in, or a list, which may begin in the key's own column. */
  #below(indent: number): unknown {
    this.#at++;
    const next = this.#indents[this.#at] ?? 0;
    if (next > indent) return this.#block(next);
    return next === indent && this.#isItem() ? this.#list(indent) : null;
  }

  /** A scalar to the end of its line; one that goes on further in is a text of several lines. */
  #scalarLine(text: string, indent: number): unknown {
    this.#at++;
    if ((this.#indents[this.#at] ?? 0) > indent) notPlain();
    return scalar(text);
  }
}

function scalar(text: string): unknown {
  if (QUOTED.test(text)) return text.slice(1, -1);
  if (INTEGER.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  if (text === '{}') return {};
  if (text === '[]') return [];
  return ADDRESS.test(text) || (WORDS.test(text) && !SPECIAL.test(text)) ? text : notPlain();
}
