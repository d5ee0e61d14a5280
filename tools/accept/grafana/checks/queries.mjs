// SPDX-License-Identifier: Apache-2.0
// The demo as somebody starts it, scraped by a Prometheus that has our rules; then every panel is asked for.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../../../paths.mjs';
import { startPrometheus } from '../../../testbed/prometheus.mjs';
import { Testbed } from '../../../testbed/testbed.mjs';
import { Findings } from '../../road/checks/findings.mjs';
import { Launch } from '../../road/checks/launch.mjs';
import { boards, choicesOf, filledIn, queriesOf, recorded, ruleFiles } from './boards.mjs';

const minutes = 60_000;

/** @param {{ port: number, seconds: number }} options `seconds`: how long the demo runs before it is asked */
export async function queriesOverDemo({ port, seconds }) {
  const findings = new Findings();
  const state = mkdtempSync(join(tmpdir(), 'undermesh-grafana-'));
  const demo = new Launch(root, ['--demo', '--new-token', '--port', String(port)]);
  let testbed;
  try {
    const { url } = await demo.ready(10 * minutes);
    testbed = await Testbed.create('undermesh-accept-grafana');
    const agents = [1, 2, 3, 4].map((at) => `127.0.0.1:${port + at}`);
    const prometheus = await startPrometheus({ url, state, testbed }, { agents, rules: ruleFiles() });
    await pause((seconds * 1000) / 2);
    for (const engine of ['off', 'dual-engine']) await order(demo, { url, node: 'shop-3', engine });
    await pause((seconds * 1000) / 2);
    for (const board of boards()) {
      const silent = await silentPanels(prometheus, board);
      findings.equal(`${board.title}: panels without data`, silent.join('; ') || 'none', 'none');
      findings.tell(`${board.title}: queries`, queriesOf(board).length);
    }
    for (const name of recorded()) {
      const found = await prometheus.query(name);
      findings.holds(`${name}: recorded`, found.length > 0, `${found.length} series`);
    }
    const firing = await prometheus.query('ALERTS{alertstate="firing"}');
    findings.tell(
      'alerts that fire over the demo',
      [...new Set(firing.map(({ labels }) => labels.alertname))].sort().join(', ') || 'none',
    );
    await prometheus.stop();
  } finally {
    await testbed?.destroy();
    await demo.abandon();
    rmSync(state, { recursive: true, force: true });
  }
  return findings.result;
}

/** Orders an engine as an operator does. */
async function order(demo, { url, node, engine }) {
  const token = /UNDERMESH_TOKEN=(\S+)/.exec(demo.output)?.[1];
  const answer = await fetch(`${url}/api/v1/nodes/${node}/engine`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ engine, reason: 'to be seen on a dashboard' }),
  });
  if (!answer.ok) throw new Error(`ordering ${engine} on ${node}: ${answer.status} ${await answer.text()}`);
  await pause(3000);
}

/** Panels of which a query finds nothing, whatever is chosen above. */
async function silentPanels(prometheus, board) {
  const choices = await choicesAbove(prometheus, choicesOf(board));
  const silent = [];
  for (const { panel, expr } of queriesOf(board)) {
    let found = 0;
    for (const chosen of choices) {
      const answer = await prometheus.query(filledIn(expr, chosen));
      found = answer.filter(({ value }) => Number.isFinite(value)).length;
      if (found > 0) break;
    }
    if (found === 0) silent.push(`${panel} (${expr})`);
  }
  return silent;
}

/** Every way to choose: all of what takes several, each of what takes one. */
async function choicesAbove(prometheus, choices) {
  let ways = [{}];
  for (const { name, metric, of, one } of choices) {
    const next = [];
    for (const way of ways) {
      const series = one ? await prometheus.query(`count by (${of}) (${filledIn(metric, way)})`) : [];
      const values = one ? series.map(({ labels }) => labels[of]).filter(Boolean) : ['.*'];
      next.push(...values.map((value) => ({ ...way, [name]: value })));
    }
    ways = next;
  }
  return ways;
}
