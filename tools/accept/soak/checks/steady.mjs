// SPDX-License-Identifier: Apache-2.0
// A steady load for long: connections and requests on one node, its agent and a collector, and a dashboard that looks on.
// Memory must not grow, and not one end or request may be missing from the books.
import { setTimeout as pause } from 'node:timers/promises';
import { inShop, NODE } from '../../../../bench/faults/shop.mjs';
import { collectable, MemoryWatch } from '../../../testbed/memory.mjs';
import { Dashboard } from './dashboard.mjs';

const mebibyte = 1 << 20;
/** Records are kept for less long than the run takes, so that what the store keeps of them in memory is at its bound too. */
const retentionSeconds = 240;
/** Times that the agent is made to collect its garbage while its memory is judged. */
const COLLECTIONS = 5;

/**
 * @param {{ name: string, seconds: number, judgedSeconds: number, perSecond: number, requestsPerSecond: number,
 *   mostMibPerMinute: { agent: number, collector: number } }} options memory is judged over the last `judgedSeconds`:
 *   caches fill before
 */
export const steady = ({ name, seconds, judgedSeconds, perSecond, requestsPerSecond, mostMibPerMinute }) =>
  inShop(name, async (shop) => {
    const { road, findings } = shop;
    await road.startCollector({ config: { store: { retentionSeconds } } });
    await road.startAgent(NODE, {}, { env: collectable });
    await shop.open();
    await shop.openHttp();
    const dashboard = new Dashboard(road);
    const watches = {
      agent: new MemoryWatch(road.agentPid(NODE)),
      collector: new MemoryWatch(road.collectorPid),
    };
    const flow = shop.flow(perSecond);
    const requests = shop.requestFlow(requestsPerSecond, Math.min(10, seconds / 4));
    await pause((seconds - judgedSeconds) * 1000);
    await collectNowAndThen(watches.agent, judgedSeconds);
    for (const watch of Object.values(watches)) watch.stop();
    const ended = dashboard.ended;
    dashboard.close();
    await requests.stop();
    await flow.stop();

    findings.tell('seconds', seconds);
    findings.tell('connections per second, and requests', `${perSecond}, ${requestsPerSecond}`);
    for (const [what, watch] of Object.entries(watches))
      judgeMemory(findings, { what, watch, from: seconds - judgedSeconds, most: mostMibPerMinute[what] });
    judgeDashboard(findings, dashboard, { ended, seconds });
    await shop.judge();
    await shop.judgeRequests();
    const { store } = await road.api('status');
    findings.tell(`ends kept, for ${retentionSeconds} s and up to a minute more`, store.rows);
    const errors = road
      .log('collector')
      .split('\n')
      .filter((line) => /"level":(50|60)/.test(line));
    findings.equal('errors in the collector’s log', errors.length, 0);
  });

/** For so many seconds, at the begin and at the end among others. */
async function collectNowAndThen(watch, seconds) {
  const start = performance.now();
  await watch.collect();
  for (let times = 1; times < COLLECTIONS; times += 1) {
    const dueMs = (seconds * 1000 * times) / (COLLECTIONS - 1);
    await pause(Math.max(0, dueMs - (performance.now() - start)));
    await watch.collect();
  }
}

/**
 * The agent is judged by what it holds after a collection: with some KiB of garbage a second, V8 looks at it every twenty
 * minutes or so, and what piles up until then has a slope of its own. The collector is judged as it runs.
 */
function judgeMemory(findings, { what, watch, from, most }) {
  const mib = (bytes) => (bytes / mebibyte).toFixed(1);
  const last = watch.samples.at(-1).second;
  const minutes = Array.from({ length: Math.ceil(last / 60) }, (_, minute) =>
    mib(watch.mean(60 * minute, 60 * (minute + 1))),
  );
  findings.tell(
    `memory of the ${what} (VmRSS each second): at the start, peak`,
    [watch.samples[0].bytes, watch.peak].map((bytes) => `${mib(bytes)} MiB`).join(', '),
  );
  findings.tell(`memory of the ${what}: mean of each minute, MiB`, minutes.join(', '));
  const perMinute = (slope) => (slope * 60) / mebibyte;
  const judge = (of, slope) =>
    findings.holds(
      `memory of the ${what}: slope by least squares over ${of}, at most ${most} MiB a minute`,
      perMinute(slope) <= most,
      `${perMinute(slope).toFixed(3)} MiB a minute`,
    );
  const stretch = `the last ${Math.round(last - from)} s`;
  if (watch.held.length === 0) {
    judge(stretch, watch.slope(from));
    return;
  }
  findings.tell(
    `memory of the ${what}: after each of ${watch.held.length} collections of garbage, MiB`,
    watch.held.map(({ bytes }) => mib(bytes)).join(', '),
  );
  judge(`these, in ${stretch}`, watch.heldSlope());
}

function judgeDashboard(findings, { messages, answers, failures }, { ended, seconds }) {
  const sorted = answers.toSorted((a, b) => a - b);
  const quantile = (share) =>
    `${(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1)} ms`;
  findings.equal('topology answers that failed', failures.join('; ') || 'none', 'none');
  findings.holds('topology answers, one a second', answers.length >= seconds * 0.9, answers.length);
  findings.tell('topology answer, p50, p99, slowest', [0.5, 0.99, 1].map(quantile).join(', '));
  findings.equal('the dashboard’s socket ended', ended ?? 'never', 'never');
  for (const type of ['status', 'topology-delta', 'connections'])
    findings.holds(`live messages: ${type}`, (messages[type] ?? 0) > seconds / 4, messages[type] ?? 0);
  findings.equal('live messages: error', messages.error ?? 0, 0);
}
