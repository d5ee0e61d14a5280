// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '@undermesh/core';
import type { FastifyInstance } from 'fastify';
import { Aggregator } from './aggregate/aggregator.js';
import type { CheckpointState } from './aggregate/checkpoint-state.js';
import { Checkpoints } from './aggregate/checkpoints.js';
import { MeshView } from './aggregate/mesh-view.js';
import { Placements } from './aggregate/placements.js';
import { replay } from './aggregate/replay.js';
import { Streams } from './aggregate/streams.js';
import { LiveTopics } from './api/live.js';
import type { CollectorConfig } from './config.js';
import { ChangeLog } from './control/change-log.js';
import { ChangeWatch } from './control/change-watch.js';
import type { AuthorityMap } from './control/cluster/authority-map.js';
import { makeClusterJoining } from './control/cluster/make.js';
import type { SharedLog } from './control/cluster/shared-log.js';
import { Credentials } from './control/credentials.js';
import { Engines } from './control/engines.js';
import { Joining } from './control/joining.js';
import { OperatorToken } from './control/operator-token.js';
import { RequestSeriesTable } from './export/istio-requests.js';
import { IstioSeriesTable } from './export/istio-series.js';
import { Prometheus } from './export/prometheus.js';
import { RouteDurations } from './export/route-durations.js';
import { Agents } from './ingest/agents.js';
import { Ingest } from './ingest/ingest.js';
import { Ledger } from './ingest/ledger.js';
import { buildServer } from './server.js';
import { StatusReader } from './status.js';
import type { RecordStore } from './store/store.js';
import { ServerTls } from './tls/server-tls.js';
import { VERSION } from './version.js';

const log = createLogger('collector');

const TICK_MS = 1_000;
/** What opened and waits for its partner's word has to show within a second. */
const SETTLE_MS = 100;
const JUDGE_MS = 5_000;
const SAVE_MS = 5_000;
/** Windows that are asked for once before the collector is ready: a quarter of an hour, a day, thirty days. */
const WARM_SECONDS = [900, 86_400, 30 * 86_400];

/** What a collector is made of besides its configuration. */
export interface CollectorOptions {
  readonly config: CollectorConfig;
  readonly store: RecordStore;
  /** `null`: nothing is kept in the data directory but credentials and the token. */
  readonly ledgerFile?: string | null;
  /** Where control state is kept for several collectors; `null`: in the data directory. */
  readonly control?: SharedLog | null;
  /** Time from one checkpoint of the aggregates to the next, ms; a minute unless given. */
  readonly checkpointMs?: number;
}

/** The whole collector: everything made, connected, started and stopped in order. */
export class Collector {
  readonly config: CollectorConfig;
  readonly store: RecordStore;
  readonly placements: Placements;
  readonly streams: Streams;
  readonly aggregator: Aggregator;
  readonly ledger: Ledger;
  /** The books on HTTP requests. */
  readonly requestLedger: Ledger;
  readonly changes: ChangeLog;
  readonly engines: Engines;
  readonly credentials: Credentials;
  readonly token: OperatorToken;
  readonly agents: Agents;
  readonly ingest: Ingest;
  readonly checkpoints: Checkpoints;
  readonly view: MeshView;
  readonly status: StatusReader;
  readonly series: IstioSeriesTable;
  readonly requestSeries: RequestSeriesTable;
  readonly routeDurations: RouteDurations;
  readonly prometheus: Prometheus;
  readonly topics = new LiveTopics();
  readonly #changeWatch: ChangeWatch;
  #tls: ServerTls | null = null;
  #joining: Joining | null = null;
  #authorityMap: AuthorityMap | null = null;
  #app: FastifyInstance | null = null;
  #timers: NodeJS.Timeout[] = [];
  #ready = false;
  #rebuilt: Promise<void> = Promise.resolve();

  constructor(options: CollectorOptions) {
    const { config, store } = options;
    this.config = config;
    this.store = store;
    const { limits } = config;
    this.placements = new Placements((workload) => store.putWorkloads([workload]));
    this.streams = new Streams(this.placements, limits.addresses);
    this.aggregator = new Aggregator(this.streams, this.placements, {
      ...limits,
      hoursKeptMs: config.store.rollupRetentionSeconds * 1000,
    });
    const ledgerFile =
      options.ledgerFile === undefined ? join(config.data, 'ledger.json') : options.ledgerFile;
    this.ledger = new Ledger(ledgerFile);
    this.requestLedger = new Ledger(ledgerFile === null ? null : join(dirname(ledgerFile), 'requests.json'));
    this.credentials = new Credentials(config.data);
    this.token = new OperatorToken(config.data);
    const credentialed = cached(() => this.credentials.nodes());
    this.agents = new Agents(this.ledger, this.requestLedger, credentialed);
    const now = Date.now;
    this.changes = new ChangeLog(
      ledgerFile === null ? null : join(dirname(ledgerFile), 'change-log.jsonl'),
      options.control,
    );
    this.engines = new Engines({
      log: this.changes,
      agents: this.agents,
      send: (node, command) => this.ingest.command(node, command),
    });
    this.ingest = new Ingest({
      aggregator: this.aggregator,
      placements: this.placements,
      streams: this.streams,
      store,
      ledger: this.ledger,
      requestLedger: this.requestLedger,
      agents: this.agents,
      version: VERSION,
      limits: config.ingest,
      now,
      control: this.engines,
    });
    this.checkpoints = new Checkpoints({
      store,
      aggregator: this.aggregator,
      placements: this.placements,
      streams: this.streams,
      marks: () => this.ingest.marks(),
      heard: () => this.ingest.heard(),
      isDurable: (mark) => this.ingest.isDurable(mark),
      everyMs: options.checkpointMs,
    });
    this.view = new MeshView(this.aggregator, this.placements, {
      silentNodes: () => this.agents.silent(now()),
      limits: config.health,
    });
    this.status = new StatusReader({
      version: VERSION,
      cluster: config.cluster,
      startedAt: now(),
      agents: this.agents,
      ledger: this.ledger,
      requestLedger: this.requestLedger,
      store,
      view: this.view,
    });
    this.#changeWatch = new ChangeWatch({
      log: this.changes,
      agents: this.agents,
      aggregator: this.aggregator,
      placements: this.placements,
      startedAt: now(),
    });
    this.series = new IstioSeriesTable(this.aggregator.edges.pairs, this.placements, limits.series);
    this.requestSeries = new RequestSeriesTable(
      this.aggregator.requestTally.codes,
      this.aggregator.edges.pairs,
      this.placements,
    );
    this.routeDurations = new RouteDurations(this.aggregator.requestTally.routes, this.agents.native);
    this.prometheus = new Prometheus({
      series: this.series,
      requestSeries: this.requestSeries,
      routeDurations: this.routeDurations,
      aggregator: this.aggregator,
      agents: this.agents,
      engines: this.engines,
      changes: this.changes,
      ledger: this.ledger,
      requestLedger: this.requestLedger,
      ingest: this.ingest,
      store,
    });
  }

  /** Whether requests can be answered from everything that is known. */
  get ready(): boolean {
    return this.#ready && this.store.stats().state !== 'failed';
  }

  /** What encrypts; `null` where nothing does, and before the start. */
  get tls(): ServerTls | null {
    return this.#tls;
  }

  /** Who gives certificates to agents; `null` where nothing is encrypted, and before the start. */
  get joining(): Joining | null {
    return this.#joining;
  }

  /** The HTTP server, once started. */
  get app(): FastifyInstance {
    if (this.#app === null) throw new Error('the collector is not started');
    return this.#app;
  }

  /**
   * Opens the store, takes up where an earlier run stopped, and listens. Resolves with the address it listens on; what
   * that run stored after its last checkpoint is counted after that, while records already come in.
   */
  async start(): Promise<string> {
    this.#tls = await ServerTls.open(this.config);
    this.#joining = this.#tls === null ? null : await this.#makeJoining(this.#tls);
    this.changes.restore();
    await this.changes.open();
    await this.store.open();
    this.placements.restore(await this.store.workloads());
    const positions = await this.store.positions();
    this.ledger.restore(positions);
    this.requestLedger.restore(positions.map(({ requests, ...of }) => ({ ...of, stored: requests })));
    await this.ingest.restore();
    const began = Date.now();
    const counted = await this.checkpoints.restore(began);
    if (counted === null) this.aggregator.carried.begin(began);
    this.#app = await buildServer(this);
    const { address, port } = this.config.listen;
    const url = await this.#app.listen({ host: address, port });
    this.#every(TICK_MS, (now) => {
      void this.#tls?.tick(now);
      this.aggregator.tick(now);
      this.status.tick(now);
      this.ingest.tick();
      this.engines.tick(now);
      this.checkpoints.tick(now);
    });
    this.#every(SETTLE_MS, (now) => this.aggregator.settle(now));
    this.#every(JUDGE_MS, (now) => {
      this.view.judgeNow(now);
      if (this.#ready) this.#changeWatch.tick(now);
    });
    this.#every(SAVE_MS, () => {
      void this.ledger.save();
      void this.requestLedger.save();
      this.changes.save();
    });
    log.info({ url, version: VERSION, store: this.store.stats().driver }, 'collector listens');
    this.#rebuilt = this.#rebuild(counted);
    return url;
  }

  /** Resolves when what an earlier run left is in the aggregates, and the collector is ready. */
  get rebuilt(): Promise<void> {
    return this.#rebuilt;
  }

  async #makeJoining(tls: ServerTls): Promise<Joining> {
    const { tls: certificates, join: joining } = this.config;
    const cluster = await makeClusterJoining(joining, () => tls.trusted);
    cluster?.authority?.start();
    this.#authorityMap = cluster?.authority ?? null;
    return new Joining({
      log: this.changes,
      issuer: tls.issuer,
      trusted: () => tls.trusted,
      certificateMs: certificates.agentCertificateSeconds * 1000,
      tokenMs: joining.tokenSeconds * 1000,
      review: cluster?.review ?? null,
      hangUp: (node, error) => this.ingest.hangUp(node, error),
      now: Date.now,
    });
  }

  async #rebuild(counted: CheckpointState | null): Promise<void> {
    const began = performance.now();
    try {
      const records = await replay(this.store, {
        aggregator: this.aggregator,
        placements: this.placements,
        streams: this.streams,
        isEarlier: (batch) => this.ingest.isEarlier(batch),
        counted,
      });
      this.checkpoints.begin();
      log.info(
        { records, milliseconds: Math.round(performance.now() - began) },
        'aggregates rebuilt from the store',
      );
    } catch (error) {
      log.error({ err: error }, 'aggregates could not be rebuilt: what came last is missing from the graphs');
    }
    this.#changeWatch.restore(Date.now());
    await this.#warm(Date.now());
    this.#ready = true;
  }

  /** Sums up what no roll-up holds, and answers once what pages ask for: whoever asks first shall not wait for it. */
  async #warm(now: number): Promise<void> {
    this.aggregator.tick(now);
    this.view.judgeNow(now);
    const all = { namespaces: new Set<string>(), system: false, maxVertices: 300, maxEdges: 1_000 };
    for (const windowSeconds of WARM_SECONDS) {
      await turn();
      this.view.topology({ ...all, level: 'workload', windowSeconds }, now);
    }
  }

  /** Stops taking in, makes everything durable, and closes. */
  async stop(): Promise<void> {
    this.#ready = false;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#authorityMap?.stop();
    this.ingest.stop();
    await this.#app?.close();
    await this.checkpoints.close();
    await this.store.close();
    await this.changes.flush();
    await this.changes.close();
    this.#saveBooks();
  }

  #saveBooks(): void {
    this.ledger.saveNow();
    this.requestLedger.saveNow();
  }

  #every(milliseconds: number, work: (now: number) => void): void {
    const timer = setInterval(() => {
      try {
        work(Date.now());
      } catch (error) {
        log.error({ err: error }, 'periodic work failed');
      }
    }, milliseconds);
    timer.unref();
    this.#timers.push(timer);
  }
}

/** Reads a directory at most every two seconds. */
function cached(read: () => string[]): () => string[] {
  let at = 0;
  let value: string[] = [];
  return () => {
    if (Date.now() - at > 2_000) {
      at = Date.now();
      value = read();
    }
    return value;
  };
}
