// SPDX-License-Identifier: Apache-2.0
// The Grafana dashboards, the Prometheus rules and the runbooks that the chart installs. That their queries find data, and
// that alerts fire and resolve, is seen at full size: npm run accept -- grafana.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  boards,
  choicesOf,
  filledIn,
  queriesOf,
  recorded,
  ruleFiles,
} from '../accept/grafana/checks/boards.mjs';
import { findCommand } from '../packages.mjs';
import { root } from '../paths.mjs';
import { freePort } from '../testbed/prometheus.mjs';
import { Road } from '../testbed/road.mjs';

const NAME = /\b(?:istio|undermesh|process|nodejs)_\w+/g;
const said = new Set();

beforeAll(async () => {
  const road = await Road.create('undermesh-test-grafana');
  try {
    await road.startCollector();
    const port = await freePort();
    await road.startAgent('left', { listen: { port } });
    const agent = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const text of [await road.metrics(), agent])
      for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
        said.add(name);
        if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) said.add(`${name}_${part}`);
      }
  } finally {
    await road.destroy();
  }
}, 300_000);

afterAll(() => said.clear());

const metricsIn = (text) => [...new Set(text.match(NAME) ?? [])];

describe('Grafana dashboards', () => {
  it('are what charts/grafana says', () => {
    const script = join(root, 'charts/grafana/generate.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it.each(boards().map((board) => [board.title, board]))('%s asks for metrics that there are', (_, board) => {
    const asked = [
      ...queriesOf(board).map(({ expr }) => expr),
      ...choicesOf(board).map(({ metric }) => metric),
    ];
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.flatMap(metricsIn).filter((name) => !said.has(name))).toEqual([]);
  });

  it('use no variable that nobody fills in', () => {
    for (const board of boards()) {
      const chosen = Object.fromEntries(choicesOf(board).map(({ name }) => [name, '.*']));
      for (const { expr } of queriesOf(board)) expect(filledIn(expr, chosen)).not.toMatch(/undefined|\$/);
    }
  });
});

describe('Prometheus rules', () => {
  const text = ruleFiles()
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');

  it('are taken by Prometheus', () => {
    execFileSync(findCommand('promtool'), ['check', 'rules', ...ruleFiles()], { stdio: 'pipe' });
  });

  it('ask for metrics that there are', () => {
    const exprs = text.replaceAll(/^ +(summary|description|runbook|record|alert):.*$/gm, '');
    expect(metricsIn(exprs).filter((name) => !said.has(name))).toEqual([]);
    const ours = exprs.match(/\bundermesh:[\w:]+/g) ?? [];
    expect(ours.filter((name) => !recorded().includes(name))).toEqual([]);
  });

  it('fire and resolve when they should', () => {
    const tests = join(root, 'charts/grafana/rules.test.yaml');
    const { status, stdout, stderr } = spawnSync(findCommand('promtool'), ['test', 'rules', tests], {
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  });

  it('have a runbook each, and a test', () => {
    const alerts = [...text.matchAll(/^ +- alert: (\S+)$/gm)].map(([, name]) => name);
    const pages = [...text.matchAll(/^ +runbook: docs\/runbooks\/(\S+)$/gm)].map(([, page]) => page);
    expect(pages).toHaveLength(alerts.length);
    const there = readdirSync(join(root, 'docs/runbooks')).filter((page) => page !== 'README.md');
    expect([...new Set(pages)].sort()).toEqual(there.sort());
    const tests = readFileSync(join(root, 'charts/grafana/rules.test.yaml'), 'utf8');
    for (const alert of alerts) {
      expect(tests).toContain(`alertname: ${alert}\n`);
      const runbooks = there
        .map((page) => readFileSync(join(root, 'docs/runbooks', page), 'utf8'))
        .join('\n');
      expect(runbooks).toContain(`\`${alert}\``);
    }
  });
});
