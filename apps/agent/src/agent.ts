// SPDX-License-Identifier: Apache-2.0
import { createLogger, Lifecycle, setLogLevel } from '@undermesh/core';
import type { FastifyInstance } from 'fastify';
import type { AgentConfig } from './config/schema.js';
import { AgentMetrics, type AgentSnapshot } from './http/metrics.js';
import { createHttp, listen, type Readiness } from './http/server.js';
import { makeParts, type Parts } from './parts.js';
import { followRemoval, type Removal } from './removal.js';
import { uninstall } from './uninstall.js';

/** An agent: observes from {@link start} to {@link stop}. */
export interface Agent {
  /** Attaches, then begins to send. Rejects with an UndermeshError; nothing stays behind then. */
  start(): Promise<void>;
  /**
   * Detaches, sends what is left while the collector takes it (up to 3 s), removes everything but the engine: what is
   * steered stays so. Never rejects.
   */
  stop(): Promise<void>;
  /**
   * Starts, and stops at SIGTERM, SIGINT, or with `supervised` at the end of the parent; at SIGTERM also removes the engine
   * where its DaemonSet is gone for certain. Resolves with the reason.
   */
  run(): Promise<string>;
  /** Port of /metrics, once started. */
  readonly port: number;
  /** A consistent look at what it counts. */
  snapshot(): AgentSnapshot;
  readiness(): Readiness;
}

/** How an agent is embedded. */
export interface AgentOptions {
  /** Stop when the parent process goes away. */
  readonly supervised?: boolean;
}

/** How long a stopping agent waits for the collector. */
const FLUSH_MS = 3_000;

/** Makes an agent from a configuration ({@link loadAgentConfig}). Nothing happens before {@link Agent.start}. */
export function createAgent(config: AgentConfig, options: AgentOptions = {}): Agent {
  return new NodeAgent(config, options);
}

class NodeAgent implements Agent {
  readonly #log = createLogger('agent');
  readonly #lifecycle: Lifecycle;
  readonly #config: AgentConfig;
  #removal: Removal | null = null;
  #parts: Parts | undefined;
  #isStarted = false;
  port = 0;

  constructor(config: AgentConfig, options: AgentOptions) {
    setLogLevel(config.logLevel);
    this.#config = config;
    this.#lifecycle = new Lifecycle({ log: this.#log, supervised: options.supervised ?? false });
    this.#lifecycle.add({
      name: 'kernel',
      start: () => {
        this.#parts = makeParts(config);
        this.#log.info({ cgroup: this.#parts.scope.directory, node: config.node }, 'attached');
      },
      stop: () => this.#parts?.remove(!this.#isStarted),
    });
    let http: FastifyInstance | undefined;
    this.#lifecycle.add({
      name: 'http',
      start: async () => {
        const metrics = new AgentMetrics(() => this.snapshot());
        http = createHttp({ metrics, readiness: () => this.readiness() });
        this.port = await listen(http, config.listen);
        this.#log.info({ host: config.listen.host, port: this.port }, 'metrics are served');
      },
      stop: () => http?.close(),
    });
    this.#lifecycle.add({
      name: 'records',
      start: async () => {
        const { earlier, loop, uplink, membership, orders, steered } = this.#started();
        this.#removal = await followRemoval(config);
        await steered.follower?.start();
        await orders.begin();
        loop.start();
        membership.start(() => uplink.renew());
        earlier.start(() => uplink.start());
        this.#isStarted = true;
      },
      stop: () => this.#finish(),
    });
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  async stop(): Promise<void> {
    await this.#lifecycle.stop();
    await this.#removal?.stop();
  }

  async run(): Promise<string> {
    try {
      const reason = await this.#lifecycle.run();
      if (reason === 'SIGTERM' && (await this.#removal?.isVerified()) === true) await uninstall(this.#config);
      return reason;
    } finally {
      await this.#removal?.stop();
    }
  }

  snapshot(): AgentSnapshot {
    return this.#started().snapshot();
  }

  readiness(): Readiness {
    const parts = this.#parts;
    if (parts === undefined) return { ready: false, reasons: ['not started'] };
    const reasons = parts.loop.hooks
      .filter(({ attached }) => !attached)
      .map(({ name }) => `${name} is not attached`);
    const { earlier, uplink, steered } = parts;
    const waiting = steered.cluster?.waiting ?? [];
    if (waiting.length > 0) reasons.push(`the cluster's ${waiting.join(', ')} are not listed yet`);
    if (uplink.state !== 'welcomed') {
      const problem = earlier.problem ?? uplink.problem;
      const doing = earlier.unfinished.length > 0 ? 'sending what an earlier run left' : 'connecting';
      reasons.push(problem === undefined ? `not yet: ${doing}` : `no collector: ${problem}`);
    }
    return { ready: reasons.length === 0, reasons };
  }

  /** Detached first: no end is made that nobody would read. */
  async #finish(): Promise<void> {
    const { observe, loop, uplink, membership, drain, orders, steered, leave } = this.#started();
    await loop.stop();
    await orders.end();
    await steered.follower?.stop();
    await steered.waypoints?.close({ remove: false });
    steered.engine?.recordRefused(null);
    observe.detach();
    drain.run(performance.now());
    drain.cut();
    const flushed = await uplink.flush(FLUSH_MS);
    uplink.report(loop.report());
    const { ledger } = this.snapshot();
    if (!flushed) this.#log.warn({ waiting: ledger.waiting }, 'stopped before the collector had everything');
    await leave();
    membership.stop();
    await uplink.stop();
    this.#log.info({ ...ledger }, 'stopped');
  }

  #started(): Parts {
    if (this.#parts === undefined) throw new Error('the agent has not been started');
    return this.#parts;
  }
}
