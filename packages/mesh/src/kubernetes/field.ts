// SPDX-License-Identifier: Apache-2.0
import { closest } from './closest.js';

/** From the document's top: `['spec', 'ports', 0, 'port']`. */
export type FieldPath = readonly (string | number)[];

/** What is wrong with a field; where the document stands is known to who reads it. */
export interface FieldProblem {
  readonly severity: 'error' | 'warning';
  readonly path: FieldPath;
  readonly message: string;
  readonly mend: string;
}

/** How a document is read. */
export interface Reading {
  report(problem: FieldProblem): void;
  /** Somebody's hand makes mistakes; what an API server has checked may just be newer than this. */
  readonly unknownFields: 'refused' | 'passed over';
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `spec.ports[0].port`, `metadata.labels["istio.io/use-waypoint"]`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (PLAIN_KEY.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** A value that is short enough for a message, and of one line. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}..."` : text;
}

/**
 * A place in a document that may hold anything. Readers ask for what should be there; what is not is reported, and a
 * value of the right type given back all the same, so that one pass finds every problem. A document with an error among
 * its problems is not used.
 */
export class Field {
  readonly value: unknown;
  readonly path: FieldPath;
  readonly #reading: Reading;

  constructor(value: unknown, path: FieldPath, reading: Reading) {
    this.value = value;
    this.path = path;
    this.#reading = reading;
  }

  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get name(): string {
    return this.path.length === 0 ? 'the document' : formatPath(this.path);
  }

  isMap(): boolean {
    return isMap(this.value);
  }

  /** Says that what is here cannot be used: `spec.type is "Foo"`, and what to do. */
  wrong(mend: string): void {
    this.error(this.present ? `${this.name} is ${shown(this.value)}` : `${this.name} is missing`, mend);
  }

  error(message: string, mend: string): void {
    this.#reading.report({ severity: 'error', path: this.path, message, mend });
  }

  warn(message: string, mend: string): void {
    this.#reading.report({ severity: 'warning', path: this.path, message, mend });
  }

  get(key: string): Field {
    const { value } = this;
    return new Field(
      isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined,
      [...this.path, key],
      this.#reading,
    );
  }

  /** A map in which only these keys may stand; one that is absent is as an empty one. */
  map(known: readonly string[]): this {
    if (this.#reading.unknownFields === 'passed over') return this.#mapOrAbsent();
    for (const key of this.keys()) {
      if (known.includes(key)) continue;
      const field = this.get(key);
      const near = closest(key, known);
      field.error(
        `there is no field ${field.name}`,
        near === null ? `remove it; known are ${known.join(', ')}` : `write ${near}, or remove it`,
      );
    }
    return this;
  }

  #mapOrAbsent(): this {
    this.keys();
    return this;
  }

  /** Keys of a map; none of anything else, which is reported. */
  keys(): string[] {
    if (!this.present) return [];
    if (isMap(this.value)) return Object.keys(this.value);
    this.wrong('give a map here: one "name: value" per line');
    return [];
  }

  /** Items of a list; none where it is absent. */
  list(): Field[] {
    if (!this.present) return [];
    if (Array.isArray(this.value))
      return this.value.map((item: unknown, at) => new Field(item, [...this.path, at], this.#reading));
    this.wrong('give a list here: one "- item" per line');
    return [];
  }

  text(mend = 'give a text here'): string {
    return this.matching(/./s, mend);
  }

  /** A text of a certain form; `mend` says which. */
  matching(pattern: RegExp, mend: string): string {
    const { value } = this;
    if (typeof value === 'string' && pattern.test(value)) return value;
    const plain = typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
    this.wrong(plain !== '' && pattern.test(plain) ? `put it in quotes: "${plain}"` : mend);
    return typeof value === 'string' ? value : '';
  }

  oneOf<const Value extends string>(values: readonly [Value, ...Value[]]): Value {
    const found = values.find((value) => value === this.value);
    if (found !== undefined) return found;
    this.wrong(values.length === 1 ? `write ${values[0]}` : `give one of ${values.join(', ')}`);
    return values[0];
  }

  integer(least: number, most: number): number {
    const { value } = this;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    const quotes = typeof value === 'string' ? ', without quotes' : '';
    this.wrong(`give a whole number from ${least} to ${most}${quotes}`);
    return least;
  }

  boolean(): boolean {
    if (typeof this.value === 'boolean') return this.value;
    this.wrong(`give true or false${typeof this.value === 'string' ? ', without quotes' : ''}`);
    return false;
  }

  /** What `read` makes of this field, or `absent` where there is none. */
  or<Value, Absent>(absent: Absent, read: (field: Field) => Value): Value | Absent {
    return this.present ? read(this) : absent;
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
