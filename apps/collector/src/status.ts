// SPDX-License-Identifier: Apache-2.0
import type { Status } from '@undermesh/schema';
import { type MeshView, toTime } from './aggregate/mesh-view.js';
import type { Agents } from './ingest/agents.js';
import { History } from './ingest/history.js';
import type { Ledger } from './ingest/ledger.js';
import type { RecordStore } from './store/store.js';

export interface StatusParts {
  readonly version: string;
  readonly cluster: string;
  readonly startedAt: number;
  readonly agents: Agents;
  readonly ledger: Ledger;
  readonly requestLedger: Ledger;
  readonly store: RecordStore;
  readonly view: MeshView;
}

const RATE_MS = 10_000;

/** How the collector and its agents are: the answer of /status, and what rates need to be sampled for. */
export class StatusReader {
  readonly #parts: StatusParts;
  readonly #history = new History();

  constructor(parts: StatusParts) {
    this.#parts = parts;
  }

  /** Takes a sample for the rates; call it every second. */
  tick(now: number): void {
    this.#history.add(now, [this.#parts.ledger.balance().received]);
  }

  read(now: number): Status {
    const { agents, ledger, requestLedger, store, view } = this.#parts;
    const names = agents.names();
    const silent = agents.silent(now);
    const stats = store.stats();
    const { made, received, stored, waiting, lost } = ledger.balance();
    const requests = requestLedger.balance();
    return {
      version: this.#parts.version,
      cluster: this.#parts.cluster,
      startedAt: toTime(this.#parts.startedAt),
      now: toTime(now),
      nodes: {
        total: names.filter((name) => agents.isReporting(name, now) || silent.has(name)).length,
        reporting: names.filter((name) => agents.isReporting(name, now)).length,
        silent: [...silent].sort().map((name) => {
          const at = agents.lastSeen(name);
          return { name, lastSeenAt: at === null ? null : toTime(at) };
        }),
      },
      records: { made, received, stored, waiting, lost: { ...lost } },
      requests: requests.made > 0 || agents.readHttp ? requests : null,
      rates: {
        connectionsPerSecond: view.connectionsPerSecond(now),
        recordsPerSecond: this.#history.perSecond(0, RATE_MS) ?? 0,
      },
      openConnections: view.openConnections(),
      store: {
        driver: stats.driver,
        state: stats.state,
        message: stats.message,
        rows: stats.rows,
        bytes: stats.bytes,
        oldest: stats.oldestMs === null ? null : toTime(stats.oldestMs),
        retentionSeconds: stats.retentionSeconds,
      },
      observerCpuShare: agents.observerCpuShare(now),
      firstRecordAt: ledger.firstRecordAt === null ? null : toTime(ledger.firstRecordAt),
    };
  }
}
