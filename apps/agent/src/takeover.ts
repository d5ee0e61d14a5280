// SPDX-License-Identifier: Apache-2.0
import type { Observe } from './kernel/index.js';
import type { Backlog } from './records/backlog.js';
import type { Drain } from './records/drain.js';
import type { KernelCounts } from './records/ledger.js';

/** Where a run begins. */
export interface Beginning {
  /** The kernel's counters without what belongs to this run. */
  readonly origin: KernelCounts;
  /** Ends that an earlier run left in the ring: this run's now. */
  readonly left: number;
  /** What the drain saw of them. */
  readonly failed: number;
  readonly adopted: number;
}

/**
 * Takes over what a killed run left in the kernel, before anything is attached: what its ring still holds becomes the
 * beginning of this run's stream, what it had read before stays with its own.
 */
export function takeOver(of: { observe: Observe; drain: Drain; backlog: Backlog }): Beginning {
  const { observe, drain, backlog } = of;
  drain.run(performance.now());
  drain.cut();
  const { agent_memory, spool_full } = drain.endsLost;
  const left = backlog.ends + agent_memory + spool_full;
  const counts = observe.totals();
  const origin = {
    ...counts,
    endsEmitted: counts.endsEmitted - left,
    httpRequests: counts.httpRequests - drain.requestsRead,
  };
  return { origin, left, failed: drain.failed, adopted: drain.adopted };
}
