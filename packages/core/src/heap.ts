// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';

/**
 * Of what is alive, in percent. V8 lets 8 MiB pile up in any case. Frames that come and go outside of the heap count as well:
 * a collector that takes 30,000 records a second looked for garbage once a second with 20 %, on four threads, for a third of
 * all its CPU.
 */
const MOST_GARBAGE_PERCENT = 100;

/**
 * Has V8 collect once as much garbage has piled up as is alive. Left alone it lets the old generation grow to as much as four times
 * what is alive before it looks (v8/src/heap/heap-controller.cc). A quiet agent or collector makes some KiB of garbage a
 * second that is old enough to get there: that is hours of growth, which looks like a leak, and memory that others have a
 * better use for. For the whole process, its threads included, from the next collection on.
 */
export function collectSoon(): void {
  setFlagsFromString(`--heap-growing-percent=${MOST_GARBAGE_PERCENT}`);
}
