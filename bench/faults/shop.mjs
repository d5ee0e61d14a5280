// SPDX-License-Identifier: Apache-2.0
// What every fault happens to: one node whose client and server talk over the loopback of a namespace, its agent, and a
// collector. What was made is known from the load program; the books must say the same afterwards.
import { setTimeout as pause } from 'node:timers/promises';
import { Findings } from '../../tools/accept/road/checks/findings.mjs';
import { runHttpClient, startHttpServer } from '../../tools/testbed/http-load.mjs';
import { runLoadClient, startLoadClient, startLoadServer } from '../../tools/testbed/load.mjs';
import { enter, setSysctls } from '../../tools/testbed/namespaces.mjs';
import { openRecords } from '../../tools/testbed/records.mjs';
import { Road } from '../../tools/testbed/road.mjs';

export const NODE = 'node';
const load = { address: '127.0.0.1', port: '9000-9003', send: '64-600', receive: '64-2000' };

/**
 * Makes a shop, lets a fault happen to it, and compares the books.
 * @param {string} name of the testbed
 * @param {(shop: Shop) => Promise<void>} fault
 * @returns {Promise<{ held: boolean, figures: Record<string, string>, failures: string[] }>}
 */
export async function inShop(name, fault) {
  const road = await Road.create(name);
  const shop = new Shop(road);
  try {
    await fault(shop);
  } finally {
    await shop.close();
    await road.destroy();
  }
  return shop.findings.result;
}

/** Connections to the load server that are not over yet: TIME_WAIT is. */
function openEnds(namespace) {
  const [first, last] = load.port.split('-');
  const filter = `sport >= :${first} and sport <= :${last}`;
  return enter(namespace, ['ss', '-tnH', 'state', 'connected', 'exclude', 'time-wait', filter])
    .split('\n')
    .filter(Boolean).length;
}

export class Shop {
  findings = new Findings();
  /** Ends that the load programs made. */
  made = 0;
  /** Requests that the HTTP load program made, each seen at both ends. */
  madeRequests = 0;
  #undo = [];

  constructor(road) {
    this.road = road;
    this.namespace = road.testbed.namespace(NODE);
    setSysctls(this.namespace, {
      'net.ipv4.ip_local_port_range': '1024 65000',
      'net.ipv4.tcp_max_tw_buckets': 262_144,
      'net.core.somaxconn': 65_535,
      'net.ipv4.tcp_max_syn_backlog': 65_535,
    });
  }

  /** What is undone when the fault is over, the last first. */
  defer(undo) {
    this.#undo.push(undo);
  }

  async close() {
    for (const undo of this.#undo.reverse()) await undo();
  }

  /** Opens: the server listens. */
  async open() {
    const { address, port } = load;
    await startLoadServer(this.road.testbed, { address, port }, this.#place('server'));
  }

  /** Makes connections and waits until all are over, at both ends. */
  async burst(connections, options = {}) {
    const client = await runLoadClient(
      this.road.testbed,
      { ...load, connections, concurrency: 32, ...options },
      this.#place('client'),
    );
    this.made += 2 * client.attempted;
    await this.road.until('the server has closed its ends', () => openEnds(this.namespace) === 0);
    return client;
  }

  /** Makes connections at a rate until it is stopped; `stop` answers what the load program measured. */
  flow(perSecond, options = {}) {
    const place = this.#place('client');
    const settings = { ...load, connections: 1e9, concurrency: 64, rate: perSecond, ...options };
    const client = startLoadClient(this.road.testbed, settings, place);
    return {
      stop: async () => {
        const result = await client.stop();
        this.made += 2 * result.attempted;
        return result;
      },
    };
  }

  /** Opens a server of HTTP beside the other. */
  async openHttp() {
    this.http = await startHttpServer(this.road.testbed, load.address, this.#place('http-server'));
  }

  /** Makes requests and waits until all are answered. */
  async requestBurst(requests, { concurrency = 8, ...plan } = {}) {
    const settings = { address: load.address, port: this.http.port, requests, concurrency, plans: [plan] };
    const client = await runHttpClient(this.road.testbed, settings, this.#place('http-client'));
    this.made += 2 * client.connections;
    this.madeRequests += 2 * client.requests;
    return client;
  }

  /** Makes requests at about a rate until it is stopped, over connections that are kept for `seconds`. */
  requestFlow(perSecond, seconds = 1) {
    const concurrency = 8;
    const delayMs = Math.max(1, Math.round((concurrency / perSecond) * 1000));
    const plan = { concurrency, delayMs, responseBytes: 500 };
    let going = true;
    const over = (async () => {
      while (going) await this.requestBurst(Math.round(perSecond * seconds), plan);
    })();
    return {
      stop: async () => {
        going = false;
        await over;
      },
    };
  }

  /** Measures what an application sees: connections at a steady rate for a while. */
  async latency(seconds, perSecond = 200) {
    const flow = this.flow(perSecond);
    await pause(seconds * 1000);
    return (await flow.stop()).latencyUs;
  }

  /** Waits until all that was made is stored or counted. */
  async settle() {
    await this.road.settled(this.made);
  }

  /**
   * Compares the latency that the load program saw during a fault with that before it. Told only, or held to a factor
   * where the machine belongs to the run.
   */
  judgeLatency({ before, during, most }) {
    const shown = (of) => `p50 ${of.p50} µs, p99 ${of.p99} µs`;
    this.findings.tell('application latency before', shown(before));
    if (most === undefined) this.findings.tell('application latency during the fault', shown(during));
    else {
      const flat = during.p50 <= before.p50 * most && during.p99 <= Math.max(before.p99 * most, 5000);
      this.findings.holds(`application latency during the fault, within ${most} times`, flat, shown(during));
    }
  }

  /**
   * Closes the books: made = stored + counted lost, nothing twice.
   * @param {{ reasons?: string[], timeoutMs?: number }} [options] `reasons`: under which ends may be lost
   */
  async judge({ reasons = [], timeoutMs = 120_000 } = {}) {
    const { road, findings, made } = this;
    const { records } = await road.settled(made, timeoutMs);
    const lost = Object.values(records.lost).reduce((sum, count) => sum + count, 0);
    findings.tell('connections made: load program', made / 2);
    findings.equal('ends made (status)', records.made, made);
    findings.tell('ends stored (status)', records.stored);
    findings.tell('ends lost (status)', lost > 0 ? JSON.stringify(records.lost) : 0);
    findings.equal('stored + counted lost = made', records.stored + lost, made);
    findings.equal('ends waiting', records.waiting, 0);
    const others = Object.keys(records.lost).filter((reason) => !reasons.includes(reason));
    findings.equal('lost for another reason than this fault has', others.join(', ') || 'none', 'none');
    return records;
  }

  /** Closes the books of requests, likewise; once those of ends are closed. */
  async judgeRequests({ reasons = [] } = {}) {
    const { road, findings, madeRequests: made } = this;
    await road
      .until('no request waits', async () => {
        const { requests } = await road.api('status');
        return requests !== null && requests.made >= made && requests.waiting === 0;
      })
      .catch(() => {}); // what is there instead is told below
    const { requests } = await road.api('status');
    const lost = Object.values(requests?.lost ?? {}).reduce((sum, count) => sum + count, 0);
    findings.tell('requests made: HTTP load program', made / 2);
    findings.equal('requests made, as both ends saw them (status)', requests?.made, made);
    findings.tell('requests stored (status)', requests?.stored);
    findings.tell('requests lost (status)', lost > 0 ? JSON.stringify(requests.lost) : 0);
    findings.equal('requests stored + counted lost = made', (requests?.stored ?? 0) + lost, made);
    findings.equal('requests waiting', requests?.waiting, 0);
    const others = Object.keys(requests?.lost ?? {}).filter((reason) => !reasons.includes(reason));
    findings.equal(
      'requests lost for another reason than this fault has',
      others.join(', ') || 'none',
      'none',
    );
  }

  /** Stops everything and looks for ends that were stored twice, in the files themselves. */
  async judgeFiles(records) {
    const { road, findings } = this;
    await road.stopAgents();
    await road.stopCollector();
    const files = await openRecords(road.records);
    try {
      findings.equal(
        'ends in the files, collector stopped',
        await files.one('SELECT count(*) FROM ends'),
        records.stored,
      );
      findings.equal(
        'duplicates: of a frame',
        await files.one(
          'SELECT count(*) - count(DISTINCT (stream, sequence, socket_cookie, reporter, time_ns)) FROM ends',
        ),
        0,
      );
      findings.equal(
        'duplicates: of a connection’s end',
        await files.one(
          'SELECT count(*) - count(DISTINCT (netns_cookie, socket_cookie, reporter)) FROM ends',
        ),
        0,
      );
    } finally {
      files.close();
    }
  }

  #place(workload) {
    return { namespace: this.namespace, cgroup: this.road.testbed.cgroup(`${NODE}/shop/${workload}`) };
  }
}
