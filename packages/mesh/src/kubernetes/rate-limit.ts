// SPDX-License-Identifier: Apache-2.0
import type { RateLimit } from '../model.js';
import type { Field } from './field.js';

const FORM = /^([1-9]\d{0,6})\/([smh])(?: burst ([1-9]\d{0,6}))?$/;
const INTERVALS_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `100/s`, `600/m`, `100/s burst 20`; without a burst as many may come at once as in one interval. */
export function readRateLimit(field: Field): RateLimit {
  const text = field.matching(
    FORM,
    'write a number of requests per s, m or h, such as "100/s", or "100/s burst 20"',
  );
  const [, count = '1', unit = 's', burst = count] = FORM.exec(text) ?? [];
  return {
    requests: Number(count),
    intervalMs: INTERVALS_MS[unit as keyof typeof INTERVALS_MS],
    burst: Number(burst),
  };
}
