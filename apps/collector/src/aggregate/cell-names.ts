// SPDX-License-Identifier: Apache-2.0
import {
  CLOSE_REASONS,
  ENGINES,
  FAILURE_REASONS,
  PROTOCOLS,
  REPORTERS,
  STATUS_CLASSES,
} from '@undermesh/schema';
import { Counter, Distribution, TIMED_CLASSES } from './cells.js';

/** Members of those that are a row of counters, one per name. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  failed: FAILURE_REASONS,
  ended: CLOSE_REASONS,
  carried: PROTOCOLS,
  steered: ENGINES,
  status: STATUS_CLASSES,
  joined: STATUS_CLASSES,
  firstByteUs: TIMED_CLASSES,
  lastByteUs: TIMED_CLASSES,
};

function namesOf(places: Readonly<Record<string, number>>, lists: typeof LISTS): string[] {
  const names: string[] = [];
  for (const [name, at] of Object.entries(places)) {
    const members = lists[name];
    if (members === undefined) names[at] = name;
    else for (const [n, member] of members.entries()) names[at + n] = `${name}.${member}`;
  }
  return names;
}

const { firstByteUs: _, ...COUNTER_LISTS } = LISTS;
const sides = (names: readonly string[]): string[][] =>
  REPORTERS.map((side) => names.map((name) => `${side}.${name}`));

/**
 * Names of a cell's counters by their number. Numbers change when a counter is added, names do not: what is written
 * down says which is which by name.
 */
export const COUNTER_NAMES: readonly string[] = sides(namesOf(Counter, COUNTER_LISTS)).flat();

const [ofSource = [], ofDestination = []] = sides(namesOf(Distribution, LISTS));
/** Names of a cell's histograms by distribution × 2 + side. */
export const DISTRIBUTION_NAMES: readonly string[] = ofSource.flatMap((name, at) => [
  name,
  ofDestination[at] ?? '',
]);
