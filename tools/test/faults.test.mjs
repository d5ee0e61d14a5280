// SPDX-License-Identifier: Apache-2.0
// What happens to records when something breaks, in small: the same checks as `npm run accept -- faults`.
import { afterAll, describe, expect, it } from 'vitest';
import { agentKilled } from '../../bench/faults/agent-killed.mjs';
import { agentStopped } from '../../bench/faults/agent-stopped.mjs';
import { clockStepped } from '../../bench/faults/clock-stepped.mjs';
import { collectorAway } from '../../bench/faults/collector-away.mjs';
import { collectorKilled } from '../../bench/faults/collector-killed.mjs';
import { diskFull } from '../../bench/faults/disk-full.mjs';
import { linkDown } from '../../bench/faults/link-down.mjs';
import { overload } from '../../bench/faults/overload.mjs';
import { requestsCounted } from '../../bench/faults/requests-counted.mjs';
import { spoolDamaged } from '../../bench/faults/spool-damaged.mjs';
import { storeSlow } from '../../bench/faults/store-slow.mjs';
import { sweep } from '../testbed/testbed.mjs';

const name = (what) => `undermesh-test-fault-${what}-${process.pid}`;

afterAll(() => sweep('undermesh-test-fault'));

const held = async (check) => expect((await check).failures.join('; ')).toBe('');
const timeout = 300_000;

// Mostly waiting: side by side.
describe.concurrent('made = stored + counted lost, nothing twice', () => {
  it(
    'when the agent is killed',
    () => held(agentKilled({ name: name('agent'), times: 2, connections: 400 })),
    timeout,
  );
  it(
    'when the agent is stopped while the collector is away',
    () => held(agentStopped({ name: name('stopped'), times: 2, connections: 400 })),
    timeout,
  );
  it(
    'when the collector is killed, with the power of its disk',
    () => held(collectorKilled({ name: name('collector'), times: 2, perSecond: 200 })),
    timeout,
  );
  it(
    'when the collector is away',
    () => held(collectorAway({ name: name('away'), seconds: 20, perSecond: 200 })),
    timeout,
  );
  it(
    'when disks are full',
    () => held(diskFull({ name: name('full'), seconds: 2, perSecond: 300 })),
    timeout,
  );
  it(
    'when the store stands still',
    () => held(storeSlow({ name: name('slow'), seconds: 5, perSecond: 200 })),
    timeout,
  );
  it(
    'when the link is down',
    () => held(linkDown({ name: name('link'), times: 1, seconds: 10, perSecond: 100 })),
    timeout,
  );
  it(
    'when the clock is stepped',
    () => held(clockStepped({ name: name('clock'), seconds: 2, perSecond: 100 })),
    timeout,
  );
  it(
    'when frames on disk are torn and damaged',
    () => held(spoolDamaged({ name: name('damaged'), rounds: 1, connections: 300 })),
    timeout,
  );
  it(
    'when agent and collector are killed, of requests too',
    () => held(requestsCounted({ name: name('requests'), times: 2, requests: 400, perSecond: 100 })),
    timeout,
  );
  it('when there is too much', () => held(overload({ name: name('overload'), seconds: 4 })), timeout);
});
