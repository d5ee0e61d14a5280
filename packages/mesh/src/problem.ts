// SPDX-License-Identifier: Apache-2.0

/** What is wrong with a manifest, where, and how to mend it. */
export interface Problem {
  /** An error keeps the last good configuration in force; a warning tells of what is left out. */
  readonly severity: 'error' | 'warning';
  /** As given by the source, e.g. `mesh/shop.yaml`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** E.g. `Service shop/cart`; empty where the document does not get that far. */
  readonly object: string;
  /** E.g. `spec.ports[0].port`; empty for the document as a whole. */
  readonly field: string;
  readonly message: string;
  /** What to do about it. */
  readonly mend: string;
}

/** One line: `mesh/shop.yaml:12:7: Service shop/cart: spec.ports[0].port is 0: give a port from 1 to 65535`. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, object, message, mend } = problem;
  const about = object === '' ? '' : `${object}: `;
  return `${file}:${line}:${column}: ${about}${message}: ${mend}`;
}
