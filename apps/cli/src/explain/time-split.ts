// SPDX-License-Identifier: Apache-2.0
import type { TimeSplit } from '@undermesh/schema';

/** One part of a request's time. */
export interface TimePart {
  readonly name: 'network' | 'application' | 'local';
  /** Mean, µs. */
  readonly us: number;
  /** Of the parts that are known, 0 to 1. */
  readonly share: number;
}

/** The parts of a request's time that are known, largest first. */
export function timeParts(split: TimeSplit): TimePart[] {
  const known = (
    [
      ['network', split.networkUs],
      ['application', split.applicationUs],
      ['local', split.localUs],
    ] as const
  ).filter((part): part is readonly [TimePart['name'], number] => part[1] !== null);
  const total = known.reduce((sum, [, us]) => sum + us, 0);
  return known
    .map(([name, us]) => ({ name, us, share: total === 0 ? 0 : us / total }))
    .sort((a, b) => b.us - a.us);
}
