// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { enter } from '../../testbed/namespaces.mjs';
import { curlTransfers } from '../clients/curl.mjs';
import { nodeAgent } from '../clients/node.mjs';
import { pythonRequests } from '../clients/python.mjs';
import { wrk } from '../clients/wrk.mjs';
import { targetOf, WAYS } from '../mesh.mjs';
import { routed } from '../requests.mjs';

const REQUESTS = 1000;

/** ss reads who has which socket before it reads the sockets: a connection has to outlast that. */
const HOLD_MS = 20_000;
const LOOKS = 5;

/** Each goes elsewhere than the one before. */
const TURNS = ['GET / a', 'GET /exact b', 'GET /shop/books c', 'POST /shop e', 'GET / f X-Edition: preview'];

const alternating = routed.filter(({ path }) => ['/', '/exact', '/shop'].includes(path));
const thousand = Array.from({ length: REQUESTS }, (_, i) => alternating[i % alternating.length]);
const wrongOf = (answers) => answers.filter((answer, i) => answer !== thousand[i].answer).length;

/** A thousand requests that alternate between backends, on one connection that its client keeps. */
export async function alternateOnOneConnection(mesh) {
  const { findings } = mesh;
  for (const way of Object.keys(WAYS)) {
    const { made, done, wrong, connections } = await mesh.ask({
      target: targetOf('front', way),
      request: TURNS,
      requests: REQUESTS,
    });
    const shown = `${made} requests, ${done} answers, ${wrong} of them wrong, ${connections} connections`;
    findings.holds(`each on its own, ${way}`, done === REQUESTS && wrong === 0 && connections === 1, shown);
  }
  const transfers = await curlTransfers(mesh, WAYS.IPv4('front'), thousand);
  const connections = transfers.reduce((sum, one) => sum + one.connections, 0);
  findings.equal('curl: wrong answers', wrongOf(transfers.map(({ answer }) => answer)), 0);
  findings.equal('curl: connections for all of them', connections, 1);
  for (const [name, client] of Object.entries({ 'http.Agent': nodeAgent, 'Python requests': pythonRequests }))
    findings.equal(`${name}: wrong answers`, wrongOf(await client(mesh, WAYS.IPv6('front'), thousand)), 0);
  const busy = await wrk(mesh, WAYS.IPv4('front'), { connections: 8, seconds: 5 });
  findings.tell('wrk on 8 connections: answers', busy.answered);
  findings.equal('wrk: wrong answers', busy.wrong, 0);
  findings.equal('wrk: failures', busy.failed, 0);
  await lookOn(mesh);
}

/** Who has sockets when a client has alternated and keeps its connection, and how many descriptors the client has. */
async function lookOn(mesh) {
  const { findings } = mesh;
  const requests = TURNS.length;
  const target = targetOf('front', 'IPv4');
  const asked = mesh.ask({ target, request: TURNS, requests, perConnection: requests, holdMs: HOLD_MS });
  const sides = [mesh.namespace, `${mesh.road.testbed.name}-right`];
  const seen = { users: new Set(), descriptors: new Set() };
  for (let look = 0; look < LOOKS; look += 1) {
    await pause(HOLD_MS / (2 * LOOKS));
    for (const [, user, pid] of sides.flatMap(owners)) {
      seen.users.add(user);
      if (user === 'ask') seen.descriptors.add(descriptorsOf(pid));
    }
  }
  const { done, wrong } = await asked;
  findings.equal('answered rightly before somebody looked', done - wrong, requests);
  findings.equal('who has sockets, as ss -tnp tells', [...seen.users].sort().join(', '), 'ask, nginx');
  findings.equal(
    'descriptors that the client has, for its connection',
    [...seen.descriptors].join(', '),
    '1',
  );
}

/** Of connections to services or their endpoints. */
const owners = (namespace) =>
  enter(namespace, ['ss', '-tnpH', 'state', 'established'])
    .split('\n')
    .filter((line) => /:(80|8080)\s/.test(line))
    .flatMap((line) => [...line.matchAll(/\("([^"]+)",pid=(\d+)/g)]);

/** Beside standard input, output and error. */
const descriptorsOf = (pid) => readdirSync(`/proc/${pid}/fd`).filter((fd) => Number(fd) > 2).length;
