// SPDX-License-Identifier: Apache-2.0

/** What is wrong with an object of the mesh, where it stands, and how to mend it. */
export interface Problem {
  /**
   * An error keeps the last good configuration in force: of the whole mesh where it is read from manifests, of what the
   * object belongs to where it is a cluster's. A warning tells of what is left out.
   */
  readonly severity: 'error' | 'warning';
  /** As given by the source, e.g. `mesh/shop.yaml`; empty for an object of a cluster, which has no line either (0). */
  readonly file: string;
  /** From 1; 0 without a file. */
  readonly line: number;
  /** From 1; 0 without a file. */
  readonly column: number;
  /** E.g. `Service shop/cart`; empty where the document does not get that far. */
  readonly object: string;
  /** E.g. `spec.ports[0].port`; empty for the document as a whole. */
  readonly field: string;
  readonly message: string;
  /** What to do about it. */
  readonly mend: string;
}

/**
 * One line: `mesh/shop.yaml:12:7: Service shop/cart: spec.ports[0].port is 0: give a port from 1 to 65535`; without the
 * place for an object of a cluster.
 */
export function formatProblem(problem: Problem): string {
  const { file, line, column, object, message, mend } = problem;
  const about = object === '' ? '' : `${object}: `;
  const place = file === '' ? '' : `${file}:${line}:${column}: `;
  return `${place}${about}${message}: ${mend}`;
}
