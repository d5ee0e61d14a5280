// SPDX-License-Identifier: Apache-2.0
// A real Prometheus that scrapes a collector, and what else it is told to, on loopback, with its data in a directory of
// its own.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findCommand } from '../packages.mjs';

/** A loopback port that is free at this moment. */
export async function freePort() {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Istio chose this name, not we. */
const KNOWN = 'istio_request_duration_milliseconds use base unit "seconds" instead of "milliseconds"';

/** What `promtool check metrics` says of a text; empty when it is clean. */
export function checkMetrics(text) {
  const { status, stdout, stderr } = spawnSync(findCommand('promtool'), ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  const said = `${stdout}${stderr}`.trim();
  if (said === KNOWN) return '';
  return said || (status === 0 ? '' : `ended with ${status}`);
}

/**
 * Starts Prometheus and waits until all that it scrapes is up.
 * @param {{ url: string, state: string, testbed: { spawn: Function } }} road whose collector is scraped, every second
 * @param {{ agents?: string[], rules?: string[] }} [options] `agents`: HOST:PORT of others to scrape; `rules`: files
 */
export async function startPrometheus(road, { agents = [], rules = [] } = {}) {
  const config = join(road.state, 'prometheus.json'); // JSON is YAML too
  const scrape = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: rules,
    scrape_configs: [
      { job_name: 'undermesh', static_configs: [{ targets: [new URL(road.url).host] }] },
      { job_name: 'undermesh-agents', static_configs: [{ targets: agents }] },
    ],
  };
  writeFileSync(config, JSON.stringify(scrape));
  const url = `http://127.0.0.1:${await freePort()}`;
  const parameters = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(road.state, 'prometheus')}`,
    `--web.listen-address=${new URL(url).host}`,
    '--log.level=error',
  ];
  const child = road.testbed.spawn(findCommand('prometheus'), parameters, {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const query = async (expression, at) => {
    const parameters = new URLSearchParams({
      query: expression,
      ...(at === undefined ? {} : { time: String(at) }),
    });
    const response = await fetch(`${url}/api/v1/query?${parameters}`);
    const { data, error } = await response.json();
    if (error) throw new Error(`${expression}: ${error}`);
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  };
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  for (let tries = 0; tries < 150; tries += 1) {
    const up = await query('up == 1').catch(() => []);
    if (up.length === 1 + agents.length) return { url, query, stop };
    if (child.exitCode !== null) break;
    await pause(200);
  }
  throw new Error('Prometheus does not come up, or cannot scrape all that it ought to');
}
