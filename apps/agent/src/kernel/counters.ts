// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';
import { decodeHelperError, decodeKernelTotals, HelperSite } from '@undermesh/bpf-abi';
import type { BpfMap } from '@undermesh/libbpf-ts';
import type { Report } from '@undermesh/schema';
import type { KernelCounts } from '../records/ledger.js';

const ZERO_KEY = new Uint8Array(4);

/** Sums the counters over all CPUs. */
export function readTotals(map: BpfMap): KernelCounts {
  const sum = {
    endsEmitted: 0,
    endsLostRingFull: 0,
    openedEmitted: 0,
    progressEmitted: 0,
    deferred: 0,
    storageFailed: 0,
    connects: 0,
    establishedSource: 0,
    establishedDestination: 0,
    skippedOtherAgent: 0,
    httpRequests: 0,
    httpRequestsLost: 0,
    httpRecordsEmitted: 0,
    httpFramingLost: 0,
  };
  for (const bytes of map.lookupPerCpu(ZERO_KEY) ?? []) {
    const cpu = decodeKernelTotals(bytes);
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += Number(cpu[name]);
  }
  return sum;
}

const SITE_NAMES = new Map<number, string>(
  Object.entries(HelperSite).map(([name, number]) => [number, name.toLowerCase()]),
);
const ERRNO_NAMES = new Map<number, string>(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

/** Failures of helpers in the programs, by site and errno, since the object was loaded. */
export function readHelperErrors(map: BpfMap): Report['helperErrors'] {
  const errors: Report['helperErrors'] = [];
  for (const [key, value] of map.entries()) {
    const { site, error } = decodeHelperError(key);
    errors.push({
      site: SITE_NAMES.get(site) ?? `site_${site}`,
      errno: ERRNO_NAMES.get(-error) ?? `E${-error}`,
      count: Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true)),
    });
  }
  return errors;
}
