// SPDX-License-Identifier: Apache-2.0
// Resident memory of processes over time, and whether it grows.
import { readFileSync } from 'node:fs';

const kibibytes = 1024;

/** Resident memory of a process as the kernel counts it (VmRSS of proc_pid_status(5)), bytes. */
export const residentBytes = (pid) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * kibibytes;

/** Reads the resident memory of a process once a second. */
export class MemoryWatch {
  /** @type {{ second: number, bytes: number }[]} */
  samples = [];
  #timer;

  constructor(pid) {
    const start = performance.now();
    const read = () =>
      this.samples.push({ second: (performance.now() - start) / 1000, bytes: residentBytes(pid) });
    read();
    this.#timer = setInterval(read, 1000);
  }

  stop() {
    clearInterval(this.#timer);
  }

  get peak() {
    return Math.max(...this.samples.map(({ bytes }) => bytes));
  }

  /** Mean bytes over the samples from a second on, up to another. */
  mean(from, to = Number.POSITIVE_INFINITY) {
    const within = this.samples.filter(({ second }) => second >= from && second <= to);
    return within.reduce((sum, { bytes }) => sum + bytes, 0) / within.length;
  }

  /** Growth in bytes per second from a second on: the slope of the straight line with the least squares. */
  slope(from) {
    const within = this.samples.filter(({ second }) => second >= from);
    const meanSecond = within.reduce((sum, { second }) => sum + second, 0) / within.length;
    const meanBytes = this.mean(from);
    let covariance = 0;
    let variance = 0;
    for (const { second, bytes } of within) {
      covariance += (second - meanSecond) * (bytes - meanBytes);
      variance += (second - meanSecond) ** 2;
    }
    return covariance / variance;
  }
}
