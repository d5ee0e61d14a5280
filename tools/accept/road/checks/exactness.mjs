// SPDX-License-Identifier: Apache-2.0
// made = stored + lost, to the connection and to the byte. Two nodes (a namespace, a cgroup and an agent each), short
// connections from one to the other over both families, ended in every way. What was made is known from the load
// program and from the namespaces' own counters.
import { runLoadClient, startLoadServer } from '../../../testbed/load.mjs';
import { joinByBridge, setSysctls, tcpCounters } from '../../../testbed/namespaces.mjs';
import { CLOSED, DESTINATION, FAILED, openRecords, SOURCE } from '../../../testbed/records.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from './findings.mjs';
import { differences, loadPlan, planBytes, planKey } from './load-plan.mjs';

const sources = ['10.99.1.1', '10.99.1.2', '10.99.1.3', 'fd99::1:1', 'fd99::1:2', 'fd99::1:3'];
const families = { IPv4: ['10.99.2.1', '10.99.2.2'], IPv6: ['fd99::2:1', 'fd99::2:2'] };
const endings = ['client-closes', 'server-closes', 'client-resets', 'server-resets'];
const port = '9000-9003';

/**
 * @param {{ name: string, connections: number, agent?: object, overflows?: boolean }} options `agent`: settings of
 *   both agents; `overflows`: their ring must overflow
 */
export async function exactness({ name, connections, agent = {}, overflows = false }) {
  const findings = new Findings();
  const road = await Road.create(name);
  try {
    const { left, right } = twoNodes(road.testbed);
    await road.startCollector();
    await road.startAgent('left', agent);
    await road.startAgent('right', agent);
    const places = {
      client: { namespace: left, cgroup: road.testbed.cgroup('left/shop/client') },
      server: { namespace: right, cgroup: road.testbed.cgroup('right/shop/server') },
    };
    const made = await makeConnections(road, { left, right, places, connections });
    judgeLoad(findings, made, connections);

    const { records } = await road.settled(2 * connections);
    judgeBooks(findings, records, { connections, overflows });
    await judgeMetrics(findings, road, records);
    await judgeApi(findings, road, { made, records, overflows }).catch((error) =>
      findings.holds('the API’s list of connections', false, error.message),
    );

    await road.stopAgents();
    await road.stopCollector();
    await judgeFiles(findings, road.records, { made, records, overflows });
  } finally {
    await road.destroy();
  }
  return findings.result;
}

function twoNodes(testbed) {
  const [fabric, left, right] = ['fabric', 'left', 'right'].map((part) => testbed.namespace(part));
  const withPrefix = (addresses) => addresses.map((one) => `${one}/${one.includes(':') ? 64 : 16}`);
  joinByBridge(fabric, [
    { namespace: left, addresses: withPrefix(sources) },
    { namespace: right, addresses: withPrefix(Object.values(families).flat()) },
  ]);
  for (const namespace of [left, right]) {
    setSysctls(namespace, {
      'net.ipv4.ip_local_port_range': '1024 65000',
      'net.ipv4.tcp_max_tw_buckets': 262_144, // every closed connection stays in TIME_WAIT for a minute
      'net.core.somaxconn': 65_535,
      'net.ipv4.tcp_max_syn_backlog': 65_535,
    });
  }
  return { left, right };
}

async function makeConnections(road, { left, right, places, connections }) {
  const address = Object.values(families).flat();
  const before = { left: tcpCounters(left), right: tcpCounters(right) };
  const server = await startLoadServer(road.testbed, { address, port }, places.server);
  const loads = [];
  const clients = [];
  for (const [family, addresses] of Object.entries(families)) {
    for (const ending of endings) {
      const share = Math.floor(connections / 8);
      const load = {
        address: addresses,
        port,
        source: sources,
        connections: loads.length === 0 ? connections - 7 * share : share,
        concurrency: 64,
        send: '16-3000',
        receive: '1-9000',
        ending,
      };
      loads.push({ ...load, family });
      clients.push(await runLoadClient(road.testbed, load, places.client));
    }
  }
  const accepted = await server.stop();
  const after = { left: tcpCounters(left), right: tcpCounters(right) };
  return { loads, clients, accepted, before, after, plan: loadPlan(loads) };
}

const total = (list, key) => list.reduce((sum, one) => sum + one[key], 0);

// Whether the load itself went as planned: the truth that all else is compared with.
function judgeLoad(findings, made, connections) {
  const { clients, accepted, before, after, loads, plan } = made;
  findings.equal('connections made: load program, client', total(clients, 'attempted'), connections);
  findings.equal('connections made: load program, server', accepted.completed, connections);
  findings.equal(
    'connections made: ActiveOpens of the client’s namespace',
    after.left.activeOpens - before.left.activeOpens,
    connections,
  );
  findings.equal(
    'connections made: PassiveOpens of the server’s namespace',
    after.right.passiveOpens - before.right.passiveOpens,
    connections,
  );
  findings.tell(
    'over IPv6',
    total(
      loads.filter(({ family }) => family === 'IPv6'),
      'connections',
    ),
  );
  findings.tell('ended', `${endings.join(', ')}: a quarter each`);
  const bytes = planBytes(plan);
  findings.equal('bytes client to server: load program', total(clients, 'bytesSent'), bytes.sent);
  findings.equal('bytes server to client: load program', total(clients, 'bytesReceived'), bytes.received);
  findings.equal('bytes the server took in', accepted.bytesReceived, bytes.sent);
  findings.tell('connections per second', Math.round((connections / total(clients, 'elapsedMs')) * 1000));
  findings.tell(
    'segments sent again in the namespaces',
    after.left.segmentsRetransmitted + after.right.segmentsRetransmitted,
  );
}

function judgeBooks(findings, records, { connections, overflows }) {
  const lost = Object.values(records.lost).reduce((sum, count) => sum + count, 0);
  findings.equal('ends made (status)', records.made, 2 * connections);
  findings.tell('ends stored (status)', records.stored);
  findings.tell(
    'ends lost (status)',
    Object.keys(records.lost).length > 0 ? JSON.stringify(records.lost) : 0,
  );
  findings.equal('stored + lost = made', records.stored + lost, 2 * connections);
  findings.equal('ends waiting', records.waiting, 0);
  if (overflows) findings.holds('the ring overflowed', lost > 0 && lost === records.lost.ring_full, lost);
  else findings.equal('ends stored', records.stored, 2 * connections);
}

async function judgeMetrics(findings, road, records) {
  findings.equal(
    'undermesh_records_stored_total',
    await road.metric('undermesh_records_stored_total'),
    records.stored,
  );
  findings.equal(
    'undermesh_records_lost_total',
    await road.metric('undermesh_records_lost_total'),
    Object.values(records.lost).reduce((sum, count) => sum + count, 0),
  );
}

async function judgeApi(findings, road, { made, records, overflows }) {
  const list = await road.connections('state=ended&window=3600');
  const both = list.filter(({ seenBy }) => seenBy === 'both').length;
  if (!overflows) {
    findings.equal('connections in the API', list.length, total(made.loads, 'connections'));
    findings.equal('of them seen by one end only', list.length - both, 0);
  }
  findings.equal('ends in the API’s list', list.length + both, records.stored);
  const found = new Map();
  for (const { destination, sentBytes: sent, receivedBytes: received } of list) {
    const key = planKey({ ...destination, sent, received });
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  const { unexplained, absent } = differences(made.plan, found);
  findings.equal('connections in the API that the load did not make so, to the byte', unexplained, 0);
  if (!overflows) findings.equal('connections that the API lacks', absent, 0);
  const names = list.filter(
    ({ source, destination }) =>
      (source.node !== null && source.workload !== 'client') ||
      (destination.node !== null && destination.workload !== 'server'),
  );
  findings.equal('connections with a wrong workload', names.length, 0);
}

async function judgeFiles(findings, directory, { made, records, overflows }) {
  const files = await openRecords(directory);
  try {
    findings.equal(
      'ends in the DuckDB file, collector stopped',
      await files.one(`SELECT count(*) FROM ends WHERE event IN (${CLOSED}, ${FAILED})`),
      records.stored,
    );
    findings.equal(
      'rows in the file that are not ends',
      await files.one(`SELECT count(*) FROM ends WHERE event NOT IN (${CLOSED}, ${FAILED})`),
      0,
    );
    findings.equal(
      'ends stored twice',
      await files.one('SELECT count(*) - count(DISTINCT (stream, sequence, socket_cookie)) FROM ends'),
      0,
    );
    const sums = (reporter) =>
      `SELECT coalesce(sum(sent_bytes), 0)::BIGINT AS sent, coalesce(sum(received_bytes), 0)::BIGINT AS received FROM ends WHERE reporter = ${reporter}`;
    const bytes = planBytes(made.plan);
    if (!overflows) {
      const [source] = await files.rows(sums(SOURCE));
      const [destination] = await files.rows(sums(DESTINATION));
      findings.equal('bytes sent, source ends', source.sent, bytes.sent);
      findings.equal('bytes received, source ends', source.received, bytes.received);
      findings.equal('bytes sent, destination ends', destination.sent, bytes.received);
      findings.equal('bytes received, destination ends', destination.received, bytes.sent);
    }
    const pairs = `SELECT join_key, count(*) FILTER (reporter = ${SOURCE}) AS sources,
      count(*) FILTER (reporter = ${DESTINATION}) AS destinations,
      sum(CASE reporter WHEN ${SOURCE} THEN sent_bytes ELSE 0 END) = sum(CASE reporter WHEN ${SOURCE} THEN 0 ELSE received_bytes END)
      AND sum(CASE reporter WHEN ${SOURCE} THEN received_bytes ELSE 0 END) = sum(CASE reporter WHEN ${SOURCE} THEN 0 ELSE sent_bytes END) AS agree
      FROM ends GROUP BY join_key`;
    findings.equal(
      'join keys with more than one end of a side',
      await files.one(
        `SELECT count(*) FROM (${pairs}) WHERE sources > 1 OR destinations > 1 OR join_key = 0`,
      ),
      0,
    );
    const unjoined = await files.one(
      `SELECT count(*) FROM (${pairs}) WHERE sources <> 1 OR destinations <> 1`,
    );
    if (overflows) findings.tell('connections of which one end was lost', unjoined);
    else findings.equal('unjoined ends', unjoined, 0);
    findings.equal(
      'joined pairs whose ends disagree on bytes',
      await files.one(`SELECT count(*) FROM (${pairs}) WHERE sources = 1 AND destinations = 1 AND NOT agree`),
      0,
    );
    for (const [side, reporter] of Object.entries({ source: SOURCE, destination: DESTINATION })) {
      const { unexplained, absent } = differences(made.plan, await foundIn(files, reporter));
      findings.equal(`${side} ends in the file that the load did not make so, to the byte`, unexplained, 0);
      if (!overflows) findings.equal(`${side} ends that the file lacks`, absent, 0);
    }
  } finally {
    files.close();
  }
}

/** Connections as the ends of one side tell them. */
async function foundIn(files, reporter) {
  const server = reporter === SOURCE ? 'peer' : 'local';
  const [sent, received] =
    reporter === SOURCE ? ['sent_bytes', 'received_bytes'] : ['received_bytes', 'sent_bytes'];
  const rows =
    await files.rows(`SELECT family, ${server}_address_0::VARCHAR AS high, ${server}_address_8::VARCHAR AS low,
    ${server}_port AS port, ${sent} AS sent, ${received} AS received, count(*) AS count
    FROM ends WHERE reporter = ${reporter} GROUP BY ALL`);
  const found = new Map();
  for (const { family, high, low, port, sent, received, count } of rows) {
    const key = planKey({ address: addressOf(family, high, low), port, sent, received });
    found.set(key, (found.get(key) ?? 0) + count);
  }
  return found;
}

// Two halves of an address's bytes in memory order. Enough of RFC 5952 for the addresses of this network.
function addressOf(family, high, low) {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(high), 0);
  bytes.writeBigUInt64LE(BigInt(low), 8);
  if (family !== 2) return [...bytes.subarray(0, 4)].join('.');
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return words.join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::');
}
