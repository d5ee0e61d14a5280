// SPDX-License-Identifier: Apache-2.0
// Hostile input against a running collector while real agents go on: the connection that sends it ends with a clear
// error, everybody else's goes on, memory stays bounded, and not one record of the honest nodes is missing.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeFrame, FRAME_TYPES } from '@undermesh/schema';
import { WebSocket } from 'ws';
import { buildLoad, loadParameters, startLoadServer } from '../../../testbed/load.mjs';
import { joinByBridge } from '../../../testbed/namespaces.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from './findings.mjs';
import { continuations, hello, openings, randomMessage } from './hostile-frames.mjs';
import { injections, requests, send, sendBytes } from './hostile-requests.mjs';

const lanes = 8;
const mebibyte = 1 << 20;

/**
 * @param {{ name: string, randomFrames: number, perSecond: number, mostGrowthMib: number }} options `perSecond`: honest
 *   connections meanwhile; `mostGrowthMib`: by how much the collector may grow
 */
export async function hostile({ name, randomFrames, perSecond, mostGrowthMib }) {
  const findings = new Findings();
  const road = await Road.create(name);
  try {
    await road.startCollector({ config: { ingest: { helloTimeoutMs: 2000 } } });
    const honest = await startHonest(road, perSecond);
    const mallory = [];
    for (let lane = 0; lane < lanes; lane += 1) {
      const node = `mallory-${lane}`;
      mallory.push({ node, credential: readFileSync(await road.credential(node), 'utf8').trim() });
    }
    await pause(4000); // until everything is warm
    const watch = watchMemory(road.collectorPid);
    const answers = watchAnswers(road);

    await judgeFrames(findings, road, mallory[0]);
    await judgeSilence(findings, road, mallory[1]);
    await judgeRequests(findings, road);
    await judgeLive(findings, road);
    const half = Math.floor(randomFrames / 2);
    await judgeRandom(findings, road, { mallory, count: half, what: 'first half' });
    const middle = watch.now();
    await judgeRandom(findings, road, { mallory, count: randomFrames - half, what: 'second half' });

    const { slowest, failed } = await answers.stop();
    const made = await honest.stop();
    await judgeHonest(findings, road, made);
    const { before, peak, after } = await watch.stop();
    const mib = (bytes) => `${(bytes / mebibyte).toFixed(0)} MiB`;
    findings.tell(
      'memory of the collector before, after the first half, at the end',
      [before, middle, after].map(mib).join(', '),
    );
    findings.holds(
      `memory of the collector: never more than ${mostGrowthMib} MiB above its start`,
      peak - before <= mostGrowthMib * mebibyte,
      `${mib(peak)}, ${mib(peak - before)} more`,
    );
    findings.tell('slowest answer of /status meanwhile', `${Math.round(slowest)} ms`);
    findings.equal('answers of /status that failed meanwhile', failed, 0);
  } finally {
    await road.destroy();
  }
  return findings.result;
}

async function startHonest(road, perSecond) {
  const { testbed } = road;
  const [fabric, left, right] = ['fabric', 'left', 'right'].map((part) => testbed.namespace(part));
  joinByBridge(fabric, [
    { namespace: left, addresses: ['10.99.1.1/16'] },
    { namespace: right, addresses: ['10.99.2.1/16'] },
  ]);
  await road.startAgent('left');
  await road.startAgent('right');
  const to = { address: '10.99.2.1', port: '9000-9003' };
  await startLoadServer(testbed, to, { namespace: right, cgroup: testbed.cgroup('right/shop/server') });
  const load = { ...to, connections: 10_000_000, rate: perSecond, concurrency: 64 };
  const client = testbed.spawn(buildLoad(), loadParameters('client', load), {
    namespace: left,
    cgroup: testbed.cgroup('left/shop/client'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  client.stdout.on('data', (text) => (output += text));
  return {
    /** @returns {Promise<object>} what was made */
    async stop() {
      const closed = once(client, 'close');
      client.kill('SIGTERM');
      await closed;
      return JSON.parse(output);
    },
  };
}

/** One connection of an agent. Resolves once it is over. */
async function attack(road, { credential, node }, { message, afterHello = false, after }) {
  const socket = new WebSocket(`${road.url.replace('http', 'ws')}/ingest/v1`, {
    headers: { authorization: `Bearer ${credential}` },
    perMessageDeflate: false,
  });
  let error;
  socket.on('error', () => {});
  const ended = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
  socket.on('message', (data) => {
    const { type, payload } = decodeFrame(data);
    const body = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (type === FRAME_TYPES.error) error = body;
    if (type !== FRAME_TYPES.welcome) return;
    socket.send(message);
    if (after) socket.send(after);
  });
  socket.on('open', () => {
    if (afterHello) return socket.send(hello(node));
    if (message !== undefined) socket.send(message);
    if (after) socket.send(after);
  });
  const late = setTimeout(() => socket.terminate(), 15_000);
  const closed = await ended;
  clearTimeout(late);
  return { code: error?.code, message: error?.message, closed };
}

async function judgeFrames(findings, road, agent) {
  const all = [
    ...openings(agent.node),
    ...continuations(agent.node).map((one) => ({ ...one, afterHello: true })),
  ];
  for (const { what, code, closes, ...rest } of all) {
    const answer = await attack(road, agent, rest);
    if (closes) findings.equal(`frame: ${what}: closed with`, answer.closed, closes);
    else
      findings.holds(
        `frame: ${what}`,
        answer.code === code && (answer.message ?? '').length > 10,
        answer.code ?? answer.closed,
      );
  }
}

// Those who connect and say nothing.
async function judgeSilence(findings, road, agent) {
  const codes = await Promise.all(
    Array.from({ length: 50 }, () => attack(road, agent, { message: undefined })),
  );
  findings.equal(
    'connections of 50 that said nothing, ended with hello_late',
    codes.filter(({ code }) => code === 'hello_late').length,
    50,
  );
}

async function judgeRequests(findings, road) {
  const wrong = [];
  for (const one of requests) {
    const { status, type, body } = await send(road.url, one);
    const code = type.includes('problem+json') ? JSON.parse(body).code : undefined;
    const shown = `${one.method ?? 'GET'} ${one.path.slice(0, 60)} ${JSON.stringify(one.headers ?? {}).slice(0, 60)}`;
    if (status !== one.status || (one.code && code !== one.code) || body.includes('root:')) {
      wrong.push(`${shown}: ${status} ${code ?? ''}, expected ${one.status} ${one.code ?? ''}`);
    }
  }
  findings.holds(
    `${requests.length} hostile requests: refused with the right problem`,
    wrong.length === 0,
    wrong.join('; '),
  );

  const { records } = await road.api('status');
  const leaky = [];
  for (const value of injections) {
    for (const name of ['workload', 'source', 'process', 'node', 'address', 'reason']) {
      const path = `/api/v1/connections?${name}=${encodeURIComponent(value)}`;
      const { status, body } = await send(road.url, { path });
      const { items } = JSON.parse(body);
      if (!(status === 400 || (status === 200 && items.length === 0)))
        leaky.push(`${name}=${value}: ${status}, ${items?.length} items`);
    }
  }
  const after = await road.api('status');
  findings.holds(
    `${injections.length * 6} injections: nothing found, nothing changed`,
    leaky.length === 0 && after.records.stored >= records.stored,
    leaky.join('; '),
  );

  for (const [what, bytes] of [
    ['random bytes', randomBytes(4096)],
    ['a TLS hello', Buffer.from('16030100a5010000a1030352', 'hex')],
    ['a request line without end', Buffer.alloc(128 << 10, 'G')],
  ]) {
    const text = await sendBytes(road.url, Buffer.concat([bytes, Buffer.from('\r\n\r\n')]));
    findings.holds(
      `not HTTP: ${what}: answered 4xx or hung up on`,
      text === '' || /^HTTP\/1\.1 4\d\d /.test(text),
      text.split('\r\n')[0],
    );
  }
}

async function judgeLive(findings, road) {
  const socket = new WebSocket(`${road.url.replace('http', 'ws')}/api/v1/live`);
  const answers = [];
  socket.on('message', (data) => answers.push(JSON.parse(data.toString())));
  await once(socket, 'open');
  const messages = [
    '{',
    'null',
    '[]',
    '{"type":"subscribe"}',
    '{"type":"subscribe","id":"1","topic":"secrets"}',
    'x'.repeat(20_000),
  ];
  for (const message of messages) socket.send(message);
  socket.send(randomBytes(100));
  await until(() => answers.length >= messages.length + 1);
  const codes = answers.map(({ type, problem }) => `${type} ${problem?.code}`);
  findings.equal(
    'live: bad requests answered with a problem',
    codes.filter((code) => code === 'error request_invalid').length,
    messages.length + 1,
  );
  for (let id = 0; id < 40; id += 1)
    socket.send(JSON.stringify({ type: 'subscribe', id: `s${id}`, topic: 'status' }));
  await until(() => answers.filter(({ problem }) => problem?.code === 'too_many_subscriptions').length >= 24);
  findings.equal(
    'live: subscriptions refused of 40',
    answers.filter(({ problem }) => problem?.code === 'too_many_subscriptions').length,
    24,
  );
  socket.close();
}

// Each random message gets a connection of its own; noise behind it ends those that were taken for a good frame.
async function judgeRandom(findings, road, { mallory, count, what }) {
  const tally = new Map();
  let left = count;
  const start = Date.now();
  await Promise.all(
    mallory.map(async (agent) => {
      while (left > 0) {
        left -= 1;
        const { code, closed } = await attack(road, agent, {
          ...randomMessage(agent.node),
          after: Buffer.alloc(3),
        });
        const key = code ?? `closed ${closed}`;
        tally.set(key, (tally.get(key) ?? 0) + 1);
      }
    }),
  );
  const told = [...tally]
    .filter(([key]) => !key.startsWith('closed'))
    .reduce((sum, [, number]) => sum + number, 0);
  const list = [...tally].sort((a, b) => b[1] - a[1]).map(([key, number]) => `${key} ${number}`);
  findings.tell(
    `random frames, ${what}: answers`,
    `${list.join(', ')}; in ${((Date.now() - start) / 1000).toFixed(0)} s`,
  );
  findings.equal(`random frames, ${what}: connections that ended with an error code`, told, count);
  findings.equal(`random frames, ${what}: answered "internal"`, tally.get('internal') ?? 0, 0);
}

async function judgeHonest(findings, road, made) {
  await pause(1000);
  await road.settled(0);
  const { items } = await road.api('nodes');
  findings.equal('honest connections meanwhile (load program): completed', made.completed, made.attempted);
  for (const node of ['left', 'right']) {
    const { state, records } = items.find((one) => one.name === node);
    findings.equal(`honest node ${node}: ends stored`, records.stored, made.attempted);
    findings.equal(
      `honest node ${node}: ends lost`,
      Object.values(records.lost).reduce((sum, count) => sum + count, 0),
      0,
    );
    findings.equal(`honest node ${node}: state`, state, 'reporting');
    findings.equal(
      `honest node ${node}: connections to the collector lost`,
      road.log(`agent-${node}`).split('no connection to the collector').length - 1,
      0,
    );
  }
  const errors = road
    .log('collector')
    .split('\n')
    .filter((line) => /"level":(50|60)/.test(line));
  findings.equal('errors in the collector’s log', errors.length, 0);
  if (errors.length > 0) findings.tell('the first of them', errors[0].slice(0, 500));
}

/** Resident memory of a process, ten times a second. */
function watchMemory(pid) {
  const now = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
  const before = now();
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, now());
  }, 100);
  return {
    now,
    async stop() {
      await pause(2000);
      clearInterval(timer);
      return { before, peak, after: now() };
    },
  };
}

/** Asks for the status all the time, as a dashboard does. */
function watchAnswers(road) {
  let going = true;
  const figures = { slowest: 0, failed: 0 };
  const done = (async () => {
    while (going) {
      const start = performance.now();
      await road.api('status').catch(() => {
        figures.failed += 1;
      });
      figures.slowest = Math.max(figures.slowest, performance.now() - start);
      await pause(100);
    }
  })();
  return {
    async stop() {
      going = false;
      await done;
      return figures;
    },
  };
}

async function until(condition, timeoutMs = 10_000) {
  const deadline = Date.now() + timeoutMs;
  while (!condition() && Date.now() < deadline) await pause(20);
}
