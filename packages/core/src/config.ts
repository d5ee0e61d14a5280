// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import type { Static, TObject } from 'typebox';
import Value from 'typebox/value';
import { parseDocument } from 'yaml';
import { allowedValues, type ConfigKey, configKeys, type SchemaNode } from './config-keys.js';
import { messageOf, UndermeshError } from './errors.js';

/** Where configuration is read from when nothing names another file. */
export const DEFAULT_CONFIG_FILE = '/etc/undermesh/undermesh.yaml';

export interface LoadConfigOptions<Schema extends TObject> {
  /** Top-level key of the file, and the middle of the variables' names: `collector`, `agent`. */
  readonly section: string;
  /** An object schema; give every setting a `default`, nested objects `{ default: {} }`. */
  readonly schema: Schema;
  /** Must exist when given; otherwise `UNDERMESH_CONFIG`, then {@link DEFAULT_CONFIG_FILE} if there is one. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By dotted path, e.g. `{ 'listen.port': '7070' }`; `undefined` values are skipped. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

/** Kubernetes describes Services of the namespace in variables that may start like ours. They are not settings. */
const SERVICE_LINK = /_SERVICE_(HOST|PORT)(_|$)|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/;

type Tree = Record<string, unknown>;

/**
 * Reads one section: file, then environment, then flags, the later wins. Throws an {@link UndermeshError}
 * `config_invalid` that names the place, the key and what it may be.
 */
export function loadConfig<Schema extends TObject>(options: LoadConfigOptions<Schema>): Static<Schema> {
  const { section, schema, env, flags = {} } = options;
  const file = options.file ?? env.UNDERMESH_CONFIG;
  const keys = configKeys(section, schema);
  const origins = new Map<string, string>();
  const tree = readSection(file, section);
  const fileName = file ?? DEFAULT_CONFIG_FILE;

  const byEnv = new Map(keys.map((key) => [key.env, key]));
  const prefix = `UNDERMESH_${section.toUpperCase()}_`;
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(prefix) || text === undefined) continue;
    const key = byEnv.get(name);
    if (key === undefined) {
      if (SERVICE_LINK.test(name)) continue;
      throw invalid(`the environment variable ${name} is no setting. Known: ${[...byEnv.keys()].join(', ')}`);
    }
    origins.set(key.path, `the environment variable ${name}`);
    place(tree, key, parseText(key.schema, text));
  }
  const byPath = new Map(keys.map((key) => [key.path, key]));
  for (const [path, text] of Object.entries(flags)) {
    if (text === undefined) continue;
    const key = byPath.get(path);
    if (key === undefined) throw invalid(`there is no setting ${section}.${path}`);
    origins.set(path, `the command line (${section}.${path})`);
    place(tree, key, parseText(key.schema, text));
  }

  const value = Value.Default(schema, tree);
  if (Value.Check(schema, value)) return value;
  const problems = new Set<string>();
  for (const error of Value.Errors(schema, value)) {
    const path = error.instancePath.slice(1).replaceAll('/', '.');
    if (error.keyword === 'boolean') {
      problems.add(
        `${section}.${path} in ${fileName} is no setting: remove it or correct its name. Known: ${keys.map((key) => key.path).join(', ')}`,
      );
      continue;
    }
    const key = byPath.get(path);
    if (key === undefined) continue;
    const origin = origins.get(path) ?? `${section}.${path} in ${fileName}`;
    const given = JSON.stringify(Value.Pointer.Get(value, error.instancePath));
    problems.add(`${origin} is ${given}: set it to ${allowedValues(key.schema)} (${error.message})`);
  }
  if (problems.size === 0)
    problems.add(`the section ${section} in ${fileName} does not have the right shape`);
  throw invalid([...problems].join('; '));
}

const invalid = (message: string, cause?: unknown): UndermeshError =>
  new UndermeshError({ code: 'config_invalid', message: `Cannot use the configuration: ${message}.`, cause });

function readSection(file: string | undefined, section: string): Tree {
  const path = file ?? DEFAULT_CONFIG_FILE;
  if (file === undefined && !existsSync(path)) return {};
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(`${path} cannot be read (${messageOf(cause)}): give a readable file with --config`, cause);
  }
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) throw invalid(`${path} is not YAML: ${error.message}`, error);
  const whole: unknown = document.toJS();
  if (whole === null || whole === undefined) return {};
  if (!isTree(whole)) throw invalid(`${path} must hold sections such as "${section}:"`);
  const part = whole[section];
  if (part === undefined || part === null) return {};
  if (!isTree(part)) throw invalid(`${section} in ${path} must hold settings, one per line`);
  return part;
}

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function place(tree: Tree, key: ConfigKey, value: unknown): void {
  const names = key.path.split('.');
  const last = names.pop();
  if (last === undefined) return;
  let at = tree;
  for (const name of names) {
    const next = at[name];
    if (isTree(next)) at = next;
    else {
      const made: Tree = {};
      at[name] = made;
      at = made;
    }
  }
  at[last] = value;
}

/** Text that is not of the schema's type is left as it is: the check that follows names it. */
function parseText(node: SchemaNode, text: string): unknown {
  const type = node.type ?? node.anyOf?.find((branch) => branch.type !== 'string')?.type;
  switch (type) {
    case 'integer':
    case 'number': {
      const number = Number(text);
      return text.trim() === '' || Number.isNaN(number) ? text : number;
    }
    case 'boolean':
      if (text === 'true' || text === '1') return true;
      return text === 'false' || text === '0' ? false : text;
    case 'null':
      return text === '' ? null : text;
    case 'array':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
        .map((item) => parseText(node.items ?? {}, item));
    case 'object':
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    default:
      return text;
  }
}
