// SPDX-License-Identifier: Apache-2.0
import { failed } from './failure.js';
import { lastErrno, libc } from './library.js';

const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7;
const ATTEMPTS = 5;
const timespec = new BigInt64Array(2);

/** One moment on two clocks, ns. */
export interface ClockPair {
  /** CLOCK_BOOTTIME: the clock of `bpf_ktime_get_boot_ns()`. */
  readonly boottime: bigint;
  /** CLOCK_REALTIME: ns since 1970 UTC. */
  readonly realtime: bigint;
}

/** CLOCK_BOOTTIME now, ns: what `bpf_ktime_get_boot_ns()` would give. */
export function clockBoottimeNs(): bigint {
  return readClock(CLOCK_BOOTTIME);
}

/**
 * Both clocks at one moment, to turn kernel times into wall-clock times: the best of five readings of realtime
 * between two of boottime, exact to some hundred ns.
 */
export function clockPairNs(): ClockPair {
  let best: ClockPair & { width: bigint } = { boottime: 0n, realtime: 0n, width: 1n << 62n };
  for (let i = 0; i < ATTEMPTS; i++) {
    const before = readClock(CLOCK_BOOTTIME);
    const realtime = readClock(CLOCK_REALTIME);
    const width = readClock(CLOCK_BOOTTIME) - before;
    if (width < best.width) best = { boottime: before + width / 2n, realtime, width };
  }
  return { boottime: best.boottime, realtime: best.realtime };
}

function readClock(clock: number): bigint {
  if (libc().clock_gettime(clock, timespec) < 0) {
    throw failed(lastErrno(), {
      code: 'BPF_CLOCK',
      syscall: 'clock_gettime',
      doing: `reading clock ${clock}`,
    });
  }
  return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
}
