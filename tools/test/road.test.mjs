// SPDX-License-Identifier: Apache-2.0
// The road of a record from the kernel to the API, in small: the same checks as `npm run accept -- road`.
import { afterAll, describe, expect, it } from 'vitest';
import { exactness } from '../accept/road/checks/exactness.mjs';
import { failures } from '../accept/road/checks/failures.mjs';
import { hostile } from '../accept/road/checks/hostile.mjs';
import { lives } from '../accept/road/checks/lives.mjs';
import { opening } from '../accept/road/checks/opening.mjs';
import { opentelemetry } from '../accept/road/checks/opentelemetry.mjs';
import { steadyLoad } from '../accept/road/checks/prometheus.mjs';
import { sweep } from '../testbed/testbed.mjs';

const name = (what) => `undermesh-test-road-${what}-${process.pid}`;
const smallRing = { ringBytes: 65_536, drain: { busy: 1000, idle: 1000 } };

afterAll(() => sweep('undermesh-test-road'));

const held = async (check) => expect((await check).failures.join('; ')).toBe('');
const timeout = 300_000;

// Mostly waiting: side by side.
describe.concurrent('the road of a record', () => {
  it(
    'stores as many ends as were made',
    () => held(exactness({ name: name('exact'), connections: 2000 })),
    timeout,
  );
  it(
    'counts what a small ring could not take',
    () => held(exactness({ name: name('overflow'), connections: 4000, agent: smallRing, overflows: true })),
    timeout,
  );
  it('shows failures on their edge', () => held(failures({ name: name('failures'), each: 5 })), timeout);
  it('records unusual lives', () => held(lives({ name: name('lives'), longSeconds: 5 })), timeout);
  it(
    'has Prometheus tell the load’s own figures',
    () => held(steadyLoad({ name: name('steady'), perSecond: 100, seconds: 12, window: 8, tolerance: 0.15 })),
    timeout,
  );
  it(
    'has OpenTelemetry tell the load’s own figures',
    () => held(opentelemetry({ name: name('otlp'), connections: 300, refused: 5 })),
    timeout,
  );
  it(
    'withstands hostile input',
    () => held(hostile({ name: name('hostile'), randomFrames: 200, perSecond: 50, mostGrowthMib: 256 })),
    timeout,
  );
});

describe('the road of a record, undisturbed', () => {
  it('tells of openings within a second', () => held(opening({ name: name('opened'), trials: 8 })), timeout);
});
