// SPDX-License-Identifier: Apache-2.0
// Connections that live and end in unusual ways, end to end: made by bpf/test's scenario program on the loopback of a
// namespace, each case in a cgroup of its own, so that its workload in the API is the case's name.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../../../paths.mjs';
import { enter } from '../../../testbed/namespaces.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from './findings.mjs';

const fixtures = join(root, 'bpf/test/fixtures');
const sent = 1000;
const received = 2000;

const fin = { source: 'local_fin', destination: 'peer_fin' };

// What each case must be in the API once it is over.
const cases = [
  { name: 'plain', bytes: [sent, received], reasons: fin, families: ['ipv4', 'ipv4'] },
  { name: 'plain-v6', bytes: [sent, received], reasons: fin, families: ['ipv6', 'ipv6'] },
  { name: 'mapped', bytes: [sent, received], reasons: fin, families: ['v4_mapped', 'ipv4'] },
  {
    name: 'server-first',
    bytes: [sent, received],
    reasons: { source: 'peer_fin', destination: 'local_fin' },
  },
  { name: 'reset', bytes: [sent, received], reasons: { source: 'local_reset', destination: 'peer_reset' } },
  {
    name: 'unread',
    bytes: [sent + 1, received],
    reasons: { source: 'peer_reset', destination: 'local_reset' },
  },
  { name: 'fork', bytes: [2 * sent, received] },
];
const failing = [
  { name: 'refused', reason: 'refused' },
  { name: 'timed-out', reason: 'connect_timed_out' },
  { name: 'aborted', reason: 'connect_aborted' },
];

/** @param {{ name: string, longSeconds: number }} options `longSeconds`: how long the long-lived connection lives */
export async function lives({ name, longSeconds }) {
  const findings = new Findings();
  const road = await Road.create(name);
  try {
    const place = new Place(road);
    await road.startCollector();

    const older = place.start('held', 'older');
    const olderV6 = place.start('held-v6', 'older-v6');
    await Promise.all([older.ports(), olderV6.ports()]);
    await pause(500); // they stand open before there is an agent
    await road.startAgent('node');

    const long = place.start('held', 'long');
    const longFrom = Date.now();
    await long.ports();

    for (const one of cases) judgeCase(findings, await place.run(one.name), one);
    for (const one of failing) await judgeFailure(findings, place, one);
    await judgeHalfClosed(findings, place);
    await judgeGone(findings, place);
    await judgeBesideRude(findings, place);
    await judgeOlder(findings, place, { older, olderV6 });
    await judgeLong(findings, place, { long, longFrom, longSeconds });
    await judgeBooks(findings, road, place.ends);
  } finally {
    await road.destroy();
  }
  return findings.result;
}

/** Where scenarios run, and what the API says of them. */
class Place {
  /** Ends that were made so far. */
  ends = 0;
  #road;
  #namespace;
  #program;

  constructor(road) {
    this.#road = road;
    this.#namespace = road.testbed.namespace('node');
    this.#program = join(road.state, 'scenario');
    execFileSync('clang', ['-O1', '-Wall', '-o', this.#program, join(fixtures, 'scenario.c')]);
  }

  get road() {
    return this.#road;
  }

  cgroup(workload) {
    return this.#road.testbed.cgroup(`node/cases/${workload}`);
  }

  /** Starts a scenario; its workload is `workload`. */
  start(scenario, workload = scenario, bytes = [sent, received]) {
    const child = this.#road.testbed.spawn(this.#program, [scenario, ...bytes].map(String), {
      namespace: this.#namespace,
      cgroup: this.cgroup(workload),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.ends += 2;
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    let over = false;
    const ports = async () => {
      while (!output.includes('}') && !over) await pause(10);
      return JSON.parse(output);
    };
    // Not `exit`: what it printed last may come after that.
    const ended = once(child, 'close').then(([code]) => {
      over = true;
      if (code !== 0) throw new Error(`scenario ${scenario} ended with ${code}`);
    });
    ended.catch(() => {});
    return { ports, go: () => child.stdin.write('g'), ended: () => ended, workload };
  }

  /** Runs a scenario to its end and answers what the API has of it. */
  async run(scenario, workload = scenario) {
    const running = this.start(scenario, workload);
    await running.ended();
    const ports = await running.ports();
    return { ...(await this.connection(workload)), ports };
  }

  /** The only connection of a workload in this state, with both its records, as soon as it is there. */
  async connection(workload, { state = 'closed', until = () => true } = {}) {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const { items } = await this.#road.api(`connections?workload=${workload}&state=${state}`);
      const detail = items.length > 0 ? await this.#road.detail(items[0].id) : undefined;
      const ready = detail && until(detail) && (state === 'failed' || detail.connection.seenBy === 'both');
      if (ready || Date.now() > deadline) return { count: items.length, ...detail };
      await pause(100);
    }
  }

  /** Sockets that are established in the namespace. */
  established(port) {
    const filter = `( sport = :${port} or dport = :${port} )`;
    return enter(this.#namespace, ['ss', '-tnH', 'state', 'established', filter]).split('\n').filter(Boolean);
  }
}

function judgeCase(findings, found, { name, bytes, reasons, families }) {
  const { connection, ends, agreement, ports, count } = found;
  const { source, destination } = ends ?? {};
  const problems = [];
  const must = (what, value, expected) => {
    if (!Object.is(value, expected)) problems.push(`${what} is ${value}, not ${expected}`);
  };
  must('connections', count, 1);
  must('state', connection?.state, 'closed');
  must('seen by', connection?.seenBy, 'both');
  must('source workload', connection?.source.workload, name);
  must('destination workload', connection?.destination.workload, name);
  must('source port', source?.localPort, ports.client);
  must('destination port', destination?.localPort, ports.server);
  must('pid', source?.pid, ports.pid);
  must('process', source?.process, 'scenario');
  must('listener’s pid', destination?.pid, ports.pid);
  must('sent', source?.sentBytes, bytes[0]);
  must('received', source?.receivedBytes, bytes[1]);
  must('received at the destination', destination?.receivedBytes, bytes[0]);
  must('sent by the destination', destination?.sentBytes, bytes[1]);
  must('the ends agree on bytes', agreement?.bytes, true);
  if (reasons) {
    must('reason at the source', source?.reason, reasons.source);
    must('reason at the destination', destination?.reason, reasons.destination);
  }
  if (families) {
    must('family', source?.family, families[0]);
    must('family at the destination', destination?.family, families[1]);
  }
  const shown = `${source?.reason} / ${destination?.reason}, ${source?.sentBytes} and ${source?.receivedBytes} bytes`;
  findings.holds(name, problems.length === 0, problems.join('; ') || shown);
}

async function judgeFailure(findings, place, { name, reason }) {
  const running = place.start(name);
  await running.ended();
  const { server } = await running.ports();
  // Beside the connect that fails, one that fills the backlog: both its ends are made too.
  place.ends += name === 'refused' ? -1 : 1;
  const { connection, count } = await place.connection(name, { state: 'failed' });
  const right =
    count === 1 &&
    connection.reason === reason &&
    connection.source.workload === name &&
    connection.source.process === 'scenario' &&
    connection.destination.port === server &&
    connection.sentBytes === null;
  findings.holds(name, right, `${connection?.reason}, ${count} in the API`);
}

async function judgeHalfClosed(findings, place) {
  const running = place.start('half-closed');
  await running.ports();
  const halfClosed = ({ ends }) => ends.source?.flags.includes('half_closed') === true;
  const open = await place.connection('half-closed', { state: 'open', until: halfClosed });
  findings.holds(
    'half-closed: open and marked so',
    open.ends !== undefined && halfClosed(open),
    open.connection?.state,
  );
  running.go();
  await running.ended();
  const { ends } = await place.connection('half-closed');
  findings.holds(
    'half-closed: what flows on is counted',
    ends?.source.sentBytes === sent &&
      ends.source.receivedBytes === 2 * received &&
      ends.source.reason === 'local_fin',
    `${ends?.source.sentBytes} and ${ends?.source.receivedBytes} bytes, ${ends?.source.reason}`,
  );
}

// The agent stands still while the connection comes and goes, its process ends and its cgroup is removed.
async function judgeGone(findings, place) {
  const agent = place.road.agentPid('node');
  const running = place.start('exit', 'vanished');
  process.kill(agent, 'SIGSTOP');
  const { pid } = await running.ports();
  await running.ended();
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      rmdirSync(place.cgroup('vanished'));
      break;
    } catch {
      await pause(20);
    }
  }
  process.kill(agent, 'SIGCONT');
  const { connection, ends, count } = await place.connection('vanished');
  findings.holds(
    'a process and its cgroup gone before the record is read',
    count === 1 &&
      ends.source.pid === pid &&
      ends.source.process === 'scenario' &&
      ends.source.sentBytes === sent,
    `workload ${connection?.source.workload}, process ${ends?.source.process}, ${ends?.source.sentBytes} bytes`,
  );
}

// Another program on the same hooks that overwrites the flags of every socket, as badly behaved software does.
async function judgeBesideRude(findings, place) {
  const { openObject } = await import('@undermesh/libbpf-ts');
  const path = join(place.road.state, 'rude.bpf.o');
  const triple = execFileSync('clang', ['-print-target-triple'], { encoding: 'utf8' })
    .trim()
    .replace('-pc-', '-');
  const flags = ['-O2', '-g', '-target', 'bpf', '-idirafter', `/usr/include/${triple}`];
  execFileSync('clang', [...flags, '-c', join(fixtures, 'rude.bpf.c'), '-o', path]);
  const object = openObject(path);
  try {
    object.load();
    const where = [place.cgroup('rude'), place.road.testbed.cgroup('node')]; // below the agent's, and the agent's own
    const links = where.map((cgroup) => object.program('overwrite_flags').attachCgroup(cgroup));
    try {
      const running = place.start('plain', 'rude');
      await running.ended();
      const { connection, ends } = await place.connection('rude');
      findings.holds(
        'beside a program that overwrites the flags of every socket, on the same cgroup and below it',
        connection?.seenBy === 'both' &&
          ends.source.sentBytes === sent &&
          ends.destination.sentBytes === received,
        `${connection?.seenBy}, ${ends?.source.sentBytes} and ${ends?.source.receivedBytes} bytes`,
      );
    } finally {
      for (const link of links) link.close();
    }
  } finally {
    object.close();
  }
}

async function judgeOlder(findings, place, scenarios) {
  for (const [what, running] of Object.entries({ IPv4: scenarios.older, IPv6: scenarios.olderV6 })) {
    const { client, server, pid } = await running.ports();
    const open = await place.connection(running.workload, { state: 'open' });
    const flags = open.ends?.source?.flags ?? [];
    findings.holds(
      `older than the agent, ${what}: open in the API`,
      open.count === 1 &&
        flags.includes('adopted') &&
        open.ends.source.localPort === client &&
        open.ends.source.pid === pid,
      `${open.count} open, flags ${flags.join(', ')}`,
    );
    running.go();
    running.go();
    await running.ended();
    const { ends, agreement } = await place.connection(running.workload);
    findings.holds(
      `older than the agent, ${what}: its end, to the byte`,
      ends?.source.sentBytes === 2 * sent &&
        ends.source.receivedBytes === 2 * received &&
        ends.destination.localPort === server &&
        agreement.bytes,
      `${ends?.source.sentBytes} and ${ends?.source.receivedBytes} bytes, ${ends?.source.reason}`,
    );
  }
}

async function judgeLong(findings, place, { long, longFrom, longSeconds }) {
  const { server } = await long.ports();
  const first = await place.connection('long', { state: 'open' });
  findings.equal('long-lived: open in the API', first.count, 1);
  const half = longFrom + (longSeconds * 1000) / 2 - Date.now();
  if (half > 0) await pause(half);
  long.go(); // as much again
  const progressed = await place.connection('long', {
    state: 'open',
    until: ({ connection }) => connection.sentBytes === 2 * sent,
  });
  findings.equal('long-lived: bytes while it is open', progressed.connection?.sentBytes, 2 * sent);
  findings.equal(
    'long-lived: established sockets of it in the namespace',
    place.established(server).length,
    2,
  );
  const rest = longFrom + longSeconds * 1000 - Date.now();
  if (rest > 0) await pause(rest);
  long.go();
  await long.ended();
  const lived = Date.now() - longFrom;
  const { connection, ends } = await place.connection('long');
  const lifetime = (connection?.lifetimeUs ?? 0) / 1e6;
  findings.holds(
    `long-lived: its lifetime, at least ${longSeconds} s`,
    lifetime >= longSeconds - 1 && lifetime <= lived / 1000 + 0.1,
    `${lifetime.toFixed(1)} s by the record, at most ${(lived / 1000).toFixed(1)} s by the clock of the test`,
  );
  findings.holds(
    'long-lived: closed, to the byte, announced before',
    ends?.source.sentBytes === 2 * sent && ends.source.flags.includes('announced'),
    `${ends?.source.sentBytes} and ${ends?.source.receivedBytes} bytes, flags ${ends?.source.flags.join(', ')}`,
  );
}

async function judgeBooks(findings, road, ends) {
  const { records } = await road.settled(ends);
  findings.equal('ends made in all of it', records.made, ends);
  findings.equal('ends stored', records.stored, ends);
}
