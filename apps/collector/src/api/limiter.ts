// SPDX-License-Identifier: Apache-2.0
import { CollectorError } from '../errors.js';

const MINUTE_MS = 60_000;

/**
 * A bound on what costs something, of all callers together. The returned function throws CollectorError `too_many_writes`
 * for more than `most` calls within a minute; `what` they are, for its message.
 */
export function limiter(most: number, what: string): (now: number) => void {
  let beganAt = 0;
  let spent = 0;
  return (now) => {
    if (now - beganAt >= MINUTE_MS) {
      beganAt = now;
      spent = 0;
    }
    if (++spent > most) {
      throw new CollectorError('too_many_writes', `No more than ${most} ${what} are taken in a minute.`);
    }
  };
}
