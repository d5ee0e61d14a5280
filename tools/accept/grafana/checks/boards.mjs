// SPDX-License-Identifier: Apache-2.0
// The Grafana dashboards and Prometheus rules of the chart, as they are installed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../paths.mjs';

const chart = join(root, 'charts/undermesh');

/** Files of rules, as Prometheus takes them. */
export const ruleFiles = () => readdirSync(join(chart, 'rules')).map((name) => join(chart, 'rules', name));

/** The dashboards. @returns {{ title: string, templating: object, panels: object[] }[]} */
export const boards = () =>
  readdirSync(join(chart, 'dashboards')).map((name) =>
    JSON.parse(readFileSync(join(chart, 'dashboards', name), 'utf8')),
  );

/** Names of what the rules record. */
export const recorded = () =>
  ruleFiles().flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/^ +- record: (\S+)$/gm)].map(([, name]) => name),
  );

/** Queries of a dashboard's panels. @returns {{ panel: string, expr: string }[]} */
export const queriesOf = ({ panels }) =>
  panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ panel: title, expr })));

/** What is chosen from above a dashboard: a label of a metric. @returns {{ name: string, metric: string, of: string,
 *   one: boolean }[]} */
export const choicesOf = ({ templating }) =>
  templating.list.flatMap(({ type, name, definition, multi }) => {
    const [, metric, of] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? '') ?? [];
    return type === 'query' ? [{ name, metric, of, one: !multi }] : [];
  });

/** A query with what Grafana would put in for its own variables and for the choices. */
export function filledIn(expr, chosen) {
  const own = { __rate_interval: '30s', __range: '5m' };
  return expr.replace(/\$(\w+)/g, (_, name) => chosen[name] ?? own[name]);
}
