// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '@undermesh/core';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from 'yaml';
import type { FieldPath } from '../kubernetes/field.js';
import { parsePlainYaml } from './plain-yaml.js';

/** A place in a text, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why a text is no YAML. */
export interface SyntaxProblem extends Position {
  readonly message: string;
  readonly mend: string;
}

export type Parsed = { readonly value: unknown } | { readonly problem: SyntaxProblem };

/** Far beyond what a manifest needs: aliases of aliases could otherwise fill the memory. */
const MAXIMUM_ALIASES = 100;

/** Reads one document. */
export function parseYaml(text: string): Parsed {
  if (text.trimStart().startsWith('{')) {
    try {
      return { value: JSON.parse(text) };
    } catch {
      // Not JSON after all: YAML, or a mistake that the YAML parser finds the place of.
    }
  }
  try {
    return parsePlainYaml(text) ?? parseFully(text);
  } catch (thrown) {
    const message = `this cannot be read: ${messageOf(thrown)}`;
    return {
      problem: { line: 1, column: 1, message, mend: 'write it out without aliases and deep nesting' },
    };
  }
}

function parseFully(text: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error === undefined) return { value: document.toJS({ maxAliasCount: MAXIMUM_ALIASES }) as unknown };
  const { line, col } = lines.linePos(error.pos[0]);
  return { problem: { line, column: col, message: firstLine(error), mend: mendOf(error) } };
}

/** Where a field stands: its value if that is a scalar or item, else its key; of a missing field what should hold it. */
export function locate(text: string, path: FieldPath): Position {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
      if (isScalar(node) && node.value !== null) offset = startOf(node) ?? offset;
    } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
      node = node.items[step];
      offset = startOf(node) ?? offset;
    } else break;
  }
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

const startOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0];

const firstLine = (error: YAMLError): string => `this is not YAML: ${error.message.split('\n')[0]}`;

const MENDS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent by spaces',
  BAD_INDENT: 'indent the line as its neighbours',
  DUPLICATE_KEY: 'remove one of the two',
  MISSING_CHAR: 'put the missing character there',
  BAD_ALIAS: 'write it out without an alias',
  MULTILINE_IMPLICIT_KEY: 'end the line before with a colon, or put the text in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'put the inner map on a line of its own, or the text in quotes',
  MULTIPLE_DOCS: 'put --- on a line of its own between documents',
};

const mendOf = (error: YAMLError): string => MENDS[error.code] ?? 'correct the line';
