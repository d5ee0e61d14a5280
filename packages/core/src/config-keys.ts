// SPDX-License-Identifier: Apache-2.0
import type { TSchema } from 'typebox';

/** One setting: where it stands in the file and how the environment spells it. */
export interface ConfigKey {
  /** Below the section, e.g. `auth.read`. */
  readonly path: string;
  /** E.g. `UNDERMESH_COLLECTOR_AUTH_READ`. */
  readonly env: string;
  readonly schema: SchemaNode;
}

/** The members of a JSON Schema that configuration needs. */
export interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
}

const snake = (camel: string): string => camel.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();

/** All settings of a section, in the order of its schema: what the documentation and the environment are made from. */
export function configKeys(section: string, schema: TSchema): ConfigKey[] {
  const keys: ConfigKey[] = [];
  const walk = (node: SchemaNode, path: readonly string[]): void => {
    if (node.properties !== undefined) {
      for (const [name, child] of Object.entries(node.properties)) walk(child, [...path, name]);
      return;
    }
    keys.push({
      path: path.join('.'),
      env: ['UNDERMESH', snake(section), ...path.map(snake)].join('_'),
      schema: node,
    });
  };
  walk(schema as SchemaNode, []);
  return keys;
}

/** What a setting may be, in words. */
export function allowedValues(node: SchemaNode): string {
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.anyOf !== undefined) return node.anyOf.map(allowedValues).join(' or ');
  switch (node.type) {
    case 'integer':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case undefined:
      return 'another value';
    default:
      return `a ${node.type}`;
  }
}
