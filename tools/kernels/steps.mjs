// SPDX-License-Identifier: Apache-2.0
// What verify.mjs, which runs before anything is built, and inside.mjs agree on.

/** What is looked at on a kernel, in this order. */
export const stepNames = ['features', 'objects', 'tests', 'road'];

/** Those of them that a machine with other work disturbs. */
export const stepsThatTime = ['tests', 'road'];

/** Begins a line with the outcome of a step, in JSON. */
export const MARK = 'outcome: ';
