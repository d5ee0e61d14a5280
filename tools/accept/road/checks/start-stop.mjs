// SPDX-License-Identifier: Apache-2.0
// npm start: unattended in a fresh clone, stopped by Ctrl-C, started again, killed, with the demo and without.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../../../paths.mjs';
import { isAlive, readRecord } from '../../../testbed/owners.mjs';
import { Findings } from './findings.mjs';
import { isListening, Launch } from './launch.mjs';

const port = 7470;
const minutes = 60_000;

export async function startAndStop() {
  for (let tries = 1; ; tries += 1) {
    await untilAlone();
    try {
      return await startAndStopAlone();
    } catch (error) {
      // Somebody else's demo came first: all over again, from a clone.
      if (tries === 5 || !error.message.includes('one demo runs on a machine at a time')) throw error;
    }
  }
}

async function startAndStopAlone() {
  const findings = new Findings();
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-clone-'));
  const checkout = join(directory, 'undermesh');
  const launches = [];
  const launch = (...parameters) => {
    launches.push(new Launch(checkout, ['--port', String(port), ...parameters]));
    return launches.at(-1);
  };
  try {
    execFileSync('git', ['clone', '--quiet', root, checkout]);
    // The npm packages of this checkout: what a fresh clone gets from the registry by `npm ci`.
    execFileSync('cp', ['-a', join(root, 'node_modules'), join(checkout, 'node_modules')]);
    const token = await judgeFirst(findings, launch('--demo'));
    await judgeSecond(findings, launch('--demo'), token);
    await judgeKilled(findings, launch('--demo'));
    await judgeWithoutDemo(findings, launch);
  } finally {
    for (const one of launches) await one.abandon();
    rmSync(directory, { recursive: true, force: true });
  }
  return findings.result;
}

// One demo, and one agent of the whole host, runs on a machine at a time.
async function untilAlone() {
  const deadline = Date.now() + 20 * minutes;
  while (isAlive(readRecord('undermesh-demo')?.owner)) {
    if (Date.now() > deadline) throw new Error('another demo runs on this machine: stop it first');
    await pause(1000);
  }
}

const api = async (path) => (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json();

async function judgeFirst(findings, run) {
  const { url, seconds } = await run.ready(15 * minutes);
  findings.holds(
    'fresh clone, npm start -- --demo: from clone to dashboard, build included',
    url.endsWith(`:${port}`),
    `${seconds.toFixed(0)} s`,
  );
  const page = await fetch(url);
  const html = await page.text();
  findings.holds(
    'the dashboard answers',
    page.status === 200 && html.includes('<html'),
    `${page.status}, ${html.length} bytes`,
  );
  const token = /UNDERMESH_TOKEN=(\S+)/.exec(run.output)?.[1];
  findings.holds('it prints the operator token, once', run.output.split('UNDERMESH_TOKEN=').length === 2);
  findings.equal('the token is taken', (await authorized(token)).status, 200);
  await judgeDemo(findings, 'first start');
  findings.tell('programs of eBPF in the kernel meanwhile', run.programs);
  await judgeInterrupt(findings, 'first start', run);
  return token;
}

const authorized = (token) =>
  fetch(`http://127.0.0.1:${port}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } });

async function judgeDemo(findings, what) {
  const status = await api('status');
  findings.equal(`${what}: nodes that report`, status.nodes.reporting, 4);
  let edges = [];
  for (const deadline = Date.now() + 60_000; edges.length < 9 && Date.now() < deadline; await pause(500)) {
    ({ edges } = await api('topology?level=service&window=300'));
  }
  findings.holds(`${what}: edges of the bookshop in the topology`, edges.length >= 9, edges.length);
}

// npm ends by the signal that its group got, once the launcher has ended.
async function judgeInterrupt(findings, what, run) {
  const { how, seconds } = await run.interrupt();
  const said = run.output.trimEnd().split('\n').at(-1);
  findings.equal(`${what}, SIGINT: the launcher’s last word`, said, 'stopped');
  findings.equal(
    `${what}, SIGINT: failures and warnings`,
    (run.output.match(/^(failed|warning):/gm) ?? []).length,
    0,
  );
  findings.tell(`${what}, SIGINT: npm ended with`, how);
  const left = await run.untilGone(2000);
  findings.holds(
    `${what}, SIGINT: nothing is left`,
    left.length === 0,
    left.join(', ') || `after ${seconds.toFixed(1)} s`,
  );
  await judgePorts(findings, what);
}

async function judgePorts(findings, what) {
  const open = [];
  for (let one = port; one < port + 5; one += 1) if (await isListening(one)) open.push(one);
  findings.holds(`${what}: no port is left open`, open.length === 0, open.join(', '));
}

async function judgeSecond(findings, run, token) {
  const { seconds } = await run.ready(10 * minutes);
  findings.tell('second start: to the dashboard', `${seconds.toFixed(0)} s`);
  findings.equal('second start: the first token is still good', (await authorized(token)).status, 200);
  findings.equal('second start: prints no token', run.output.includes('UNDERMESH_TOKEN='), false);
  const { records } = await api('status');
  findings.holds('second start: records of the first are there', records.stored > 0, records.stored);
  await judgeDemo(findings, 'second start');
  await judgeInterrupt(findings, 'second start', run);
}

async function judgeKilled(findings, run) {
  await run.ready(10 * minutes);
  const start = Date.now();
  await run.kill();
  const left = await run.untilGone(60_000);
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  findings.holds(
    'demo, kill -9 of the launcher: nothing is left',
    left.length === 0,
    left.join(', ') || `after ${seconds} s`,
  );
  await judgePorts(findings, 'demo, kill -9 of the launcher');
}

async function judgeWithoutDemo(findings, launch) {
  const first = launch();
  await first.ready(10 * minutes);
  const { nodes } = await api('status');
  findings.equal('without the demo: nodes that report', nodes.reporting, 1);
  await judgeInterrupt(findings, 'without the demo', first);

  const killed = launch();
  await killed.ready(10 * minutes);
  await killed.kill();
  const left = await killed.untilGone(60_000);
  findings.holds(
    'without the demo, kill -9 of the launcher: nothing is left',
    left.length === 0,
    left.join(', '),
  );

  const both = launch();
  await both.ready(10 * minutes);
  await both.kill({ keeper: true });
  await pause(1000);
  const last = launch();
  await last.ready(10 * minutes);
  findings.holds('kill -9 of the launcher and its keeper: the next start works', true);
  await judgeInterrupt(findings, 'after both were killed', last);
}
