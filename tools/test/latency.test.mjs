// SPDX-License-Identifier: Apache-2.0
// Where the time of a request goes, in small: the same check as `npm run accept -- latency`.
import { afterAll, describe, expect, it } from 'vitest';
import { timeSplit } from '../accept/latency/checks/time-split.mjs';
import { sweep } from '../testbed/testbed.mjs';

const name = (what) => `undermesh-test-latency-${what}-${process.pid}`;

afterAll(() => sweep('undermesh-test-latency'));

describe.concurrent('50 ms', () => {
  for (const [where, delay] of [
    ['on the link are network', { linkMs: 50, serviceMs: 0 }],
    ['in the service are application', { linkMs: 0, serviceMs: 50 }],
  ]) {
    it(where, async () => {
      const { failures } = await timeSplit({ name: name(where.split(' ')[2]), seconds: 5, ...delay });
      expect(failures.join('; ')).toBe('');
    }, 300_000);
  }
});
