// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';

/** Of what is alive, in percent. V8 lets 8 MiB pile up in any case. */
const MOST_GARBAGE_PERCENT = 20;

/**
 * Has V8 collect once a little garbage has piled up. Left alone it lets the old generation grow to as much as four times
 * what is alive before it looks (v8/src/heap/heap-controller.cc). A quiet agent or collector makes some KiB of garbage a
 * second that is old enough to get there: that is hours of growth, which looks like a leak, and memory that others have a
 * better use for. For the whole process, its threads included, from the next collection on.
 */
export function collectSoon(): void {
  setFlagsFromString(`--heap-growing-percent=${MOST_GARBAGE_PERCENT}`);
}
