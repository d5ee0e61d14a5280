// SPDX-License-Identifier: Apache-2.0
import { configKeys, type SchemaNode } from '@undermesh/core';
import type { TObject, TSchema } from 'typebox';
import Value from 'typebox/value';
import { LEFT_OUT, type Redactor } from './redactor.js';

/** The members of a JSON Schema that decide on what is kept. */
interface Shape extends SchemaNode {
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
}

/** Lists of things that the agent, not a person, has named. */
const OWN_THINGS: ReadonlySet<string> = new Set(['hooks', 'maps']);
/** Members of answers that hold a name. */
const NAMES: ReadonlySet<string> = new Set(['name', 'node', 'cluster']);
/** Members that only Undermesh, its kernel or its libraries write. */
const WHOLE: ReadonlySet<string> = new Set([
  'version',
  'release',
  'architecture',
  'errno',
  'site',
  'kernel',
  'nodejs',
  'openssl',
  'distribution',
]);
/** What people write, and who: of no use in a report. */
const OMITTED: ReadonlySet<string> = new Set(['who', 'reason', 'labels']);

/**
 * What of an answer goes into a bundle: members that its schema has, of those numbers, moments and words out of fixed lists as
 * they are, and strings as far as the redactor knows them.
 */
export const kept = (schema: TSchema, value: unknown, redactor: Redactor): unknown =>
  reduce(schema as Shape, value, { redactor, member: '' });

interface At {
  readonly redactor: Redactor;
  /** Name of the member that holds the value, or the list of it. */
  readonly member: string;
  /** Of the member that holds the object it is in. */
  readonly parent?: string;
}

function reduce(shape: Shape, value: unknown, at: At): unknown {
  const { allOf, anyOf } = shape;
  if (allOf !== undefined) return Object.assign({}, ...allOf.map((part) => reduce(part, value, at)));
  if (anyOf !== undefined) {
    const fitting = anyOf.find((branch) => Value.Check(branch as TSchema, value));
    return fitting === undefined ? LEFT_OUT : reduce(fitting, value, at);
  }
  if (shape.enum !== undefined) return shape.enum.includes(value) ? value : LEFT_OUT;
  if (shape.const !== undefined) return shape.const === value ? value : LEFT_OUT;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return text(shape, value, at);
  if (Array.isArray(value)) return value.map((item) => reduce(shape.items ?? {}, item, at));
  if (typeof value !== 'object') return LEFT_OUT;
  return members(shape, value, at);
}

function members(
  { properties = {}, patternProperties }: Shape,
  value: object,
  { redactor, member: parent }: At,
): unknown {
  const reduced: Record<string, unknown> = {};
  const [others] = Object.values(patternProperties ?? {});
  for (const [member, one] of Object.entries(value)) {
    const known = Object.hasOwn(properties, member) ? properties[member] : undefined;
    if (OMITTED.has(member) && typeof one !== 'number') continue;
    if (known !== undefined) reduced[member] = reduce(known, one, { redactor, member, parent });
    else if (others !== undefined) reduced[redactor.text(member)] = reduce(others, one, { redactor, member });
  }
  return reduced;
}

function text({ format }: Shape, value: string, { redactor, member, parent = '' }: At): string {
  if (format === 'date-time') return Number.isNaN(Date.parse(value)) ? LEFT_OUT : value;
  if (WHOLE.has(member) || OWN_THINGS.has(parent))
    return /^[A-Za-z0-9_.+~ ()-]{0,80}$/.test(value) ? value : LEFT_OUT;
  return NAMES.has(member) ? redactor.name(value) : redactor.text(value);
}

/** Settings that name something of the mesh. */
const NAME_SETTINGS: ReadonlySet<string> = new Set(['node', 'cluster', 'instance']);

/**
 * A configuration in force, by dotted path: numbers, switches and words out of fixed lists as they are, of strings those that
 * are as by default, names, and where URLs lead to; of all others only that they are set.
 */
export function keptSettings(
  section: string,
  { schema, config }: { readonly schema: TObject; readonly config: unknown },
  redactor: Redactor,
): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const { path, schema: leaf } of configKeys(section, schema)) {
    const value = path
      .split('.')
      .reduce<unknown>((tree, name) => (tree as Record<string, unknown>)?.[name], config);
    settings[path] = setting(path, { leaf, value }, redactor);
  }
  return settings;
}

function setting(
  path: string,
  { leaf, value }: { leaf: SchemaNode; value: unknown },
  redactor: Redactor,
): unknown {
  if (leaf.enum?.includes(value) === true || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (Array.isArray(value)) return `${value.length} in the list`;
  if (typeof value === 'object' && value !== null) return `${Object.keys(value).length} members`;
  if (typeof value !== 'string') return null;
  if (NAME_SETTINGS.has(path)) return redactor.name(value);
  if (value === leaf.default) return value;
  return /^(ws|http)s?:\/\//.test(value) ? redactor.url(value) : 'set, not as by default';
}
