// SPDX-License-Identifier: Apache-2.0
// That nothing breaks, in small: the same checks as `npm run accept -- nothing-breaks`. One after another, and without a
// bound for stalls: the machine may be busy.
import { afterAll, describe, expect, it } from 'vitest';
import { collectorGone, guardBroken, restarted, switched } from '../accept/nothing-breaks/checks/breaks.mjs';
import { sweep } from '../testbed/testbed.mjs';

const load = { lasting: 50, messageMs: 50, requestsPerS: 100, probesPerS: 200 };
const name = (what) => `undermesh-test-breaks-${what}-${process.pid}`;
const timeout = 120_000;

afterAll(() => sweep('undermesh-test-breaks'));

const held = async (check) => expect((await check).failures.join('; ')).toBe('');

describe('nothing breaks under traffic', () => {
  it('when engines are switched', () => held(switched({ name: name('switch'), times: 4, load })), timeout);
  it(
    'when the agent is killed and restarted',
    () => held(restarted({ name: name('restart'), kills: 1, restarts: 1, load })),
    timeout,
  );
  it(
    'when the collector is away',
    () => held(collectorGone({ name: name('gone'), times: 1, seconds: 2, load })),
    timeout,
  );
});

it(
  'reports a guard that is broken on purpose',
  () => held(guardBroken({ name: name('broken'), load })),
  timeout,
);
