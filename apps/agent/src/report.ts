// SPDX-License-Identifier: Apache-2.0
import { arch, release } from 'node:os';
import type { EngineReport, Hook, LegBalance, MapUse, NativeReport, Report } from '@undermesh/schema';
import type { KernelCounts, Ledger } from './records/ledger.js';

/** Everything a report says, as the parts of the agent know it. */
export interface ReportFacts {
  readonly engine: EngineReport;
  readonly features: Report['kernel']['features'];
  readonly hooks: Hook[];
  readonly maps: MapUse[];
  readonly counts: KernelCounts;
  readonly ledger: Ledger;
  /** The same of requests; absent where HTTP is not read. */
  readonly requests: Ledger | undefined;
  /** Of its waypoints' requests; absent where it runs none that tell of them. */
  readonly legs: LegBalance | undefined;
  /** Absent: no news of it. */
  readonly native: NativeReport | undefined;
  readonly ring: Report['ring'];
  readonly helperErrors: Report['helperErrors'];
  readonly open: number;
  readonly workloads: number;
  readonly listeners: number;
  readonly scope: Report['scope'];
  readonly startedAtMs: number;
}

/** The frame of every second. */
export function makeReport(facts: ReportFacts): Report {
  const { counts, ledger, requests, legs, native } = facts;
  const { user, system } = process.cpuUsage();
  return {
    kernel: { release: release(), architecture: arch(), features: facts.features },
    engine: facts.engine,
    hooks: facts.hooks,
    maps: facts.maps,
    records: read(ledger),
    ...(requests === undefined ? {} : { requests: read(requests) }),
    ...(legs === undefined ? {} : { legs }),
    ...(native === undefined ? {} : { native }),
    connections: {
      open: facts.open,
      connects: counts.connects,
      establishedSource: counts.establishedSource,
      establishedDestination: counts.establishedDestination,
      skippedOtherAgent: counts.skippedOtherAgent,
    },
    ring: facts.ring,
    helperErrors: facts.helperErrors,
    agent: {
      startedAtMs: facts.startedAtMs,
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      workloads: facts.workloads,
      listeners: facts.listeners,
    },
    scope: facts.scope,
  };
}

/**
 * Without what is in the ring: should this run be killed, the next one reads that, and it is part of its stream then.
 * Nobody may have heard of it as part of this one.
 */
const read = ({ made, lost, waiting, unread }: Ledger): Report['records'] => ({
  made: made - unread,
  lost,
  waiting: waiting - unread,
});
