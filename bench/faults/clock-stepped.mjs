// SPDX-License-Identifier: Apache-2.0
// The collector's wall clock is stepped by an hour, forth, back, and back beyond where it was, while records come in. To a
// collector a node whose clock is stepped the other way looks the same.
import { setTimeout as pause } from 'node:timers/promises';
import { inShop, NODE } from './shop.mjs';
import { SteppedClock } from './stepped-clock.mjs';

const HOUR = 3600;
/** What a clock that is shown may be off by. */
const MOST_S = 1;

/** @param {{ name: string, seconds: number, perSecond: number, most?: number }} options `seconds` between steps */
export const clockStepped = ({ name, seconds, perSecond, most }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    const clock = new SteppedClock(road.state);
    await road.startCollector({ env: clock.environment });
    await road.startAgent(NODE);
    await shop.open();
    const before = await shop.latency(most === undefined ? 2 : 10);
    const flow = shop.flow(perSecond);
    for (const [index, step] of [0, HOUR, 0, -HOUR, 0].entries()) {
      clock.set(step);
      await pause(seconds * 1000);
      const asked = Date.now();
      const { now } = await road.api('status');
      const told = Date.parse(now) - step * 1000;
      // It was so at some moment between question and answer, which a busy machine may keep far apart.
      const beyond = Math.min(0, told - asked) + Math.max(0, told - Date.now());
      const ahead = beyond / 1000;
      findings.holds(
        `step ${index}: collector’s clock less the machine’s, beyond ${step} s, at most ${MOST_S} s`,
        Math.abs(ahead) <= MOST_S,
        `${ahead.toFixed(3)} s`,
      );
      const { items } = await road.api('nodes');
      const skew = items.find((node) => node.name === NODE).clockSkewMs / 1000;
      // The least delayed of the last ten reports: it follows a step within ten of them.
      if (seconds > 10) {
        findings.holds(
          `step ${index}: skew of the node as shown, beyond ${-step} s, at most ${MOST_S} s`,
          Math.abs(skew + step) <= MOST_S,
          `${(skew + step).toFixed(3)} s`,
        );
      } else findings.tell(`step ${index}: skew of the node as shown`, `${skew} s`);
    }
    const { latencyUs: during } = await flow.stop();
    const records = await shop.judge();
    shop.judgeLatency({ before, during, most });
    await shop.judgeFiles(records);
  });
