// SPDX-License-Identifier: Apache-2.0
// Resident memory of processes over time, and whether it grows.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const kibibytes = 1024;

/** Resident memory of a process as the kernel counts it (VmRSS of proc_pid_status(5)), bytes. */
export const residentBytes = (pid) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * kibibytes;

/** The environment of a program that {@link MemoryWatch.collect} is for. */
export const collectable = { NODE_OPTIONS: `--import=${new URL('collectable.mjs', import.meta.url)}` };

/** There once a process has collected its garbage; whoever asked for it removes it. */
export const collectedFile = (pid) => join(tmpdir(), `undermesh-collected-${pid}`);

const COLLECTION_TIMEOUT_MS = 60_000;
/** Until what a collection has freed is back with the kernel: V8 sweeps on other threads, ms. */
const SWEEP_MS = 1000;

/** Reads the resident memory of a process once a second. */
export class MemoryWatch {
  /** @type {{ second: number, bytes: number }[]} */
  samples = [];
  /** What was resident after each {@link collect}. @type {{ second: number, bytes: number }[]} */
  held = [];
  #pid;
  #start = performance.now();
  #timer;

  constructor(pid) {
    this.#pid = pid;
    const read = () => this.samples.push(this.#sample());
    read();
    this.#timer = setInterval(read, 1000);
  }

  /** Has the process collect its garbage, so that only what it holds is resident; it was started {@link collectable}. */
  async collect() {
    const collected = collectedFile(this.#pid);
    const lateMs = performance.now() + COLLECTION_TIMEOUT_MS;
    process.kill(this.#pid, 'SIGUSR2');
    while (!existsSync(collected)) {
      if (performance.now() > lateMs) throw new Error(`process ${this.#pid} does not collect its garbage`);
      await pause(20);
    }
    rmSync(collected);
    await pause(SWEEP_MS);
    this.held.push(this.#sample());
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

  /** Growth in bytes per second from a second on. */
  slope(from) {
    return slopeOf(this.samples.filter(({ second }) => second >= from));
  }

  /** Growth in bytes per second of what is held, over the collections from a second on. */
  heldSlope(from = 0) {
    return slopeOf(this.held.filter(({ second }) => second >= from));
  }

  #sample() {
    return { second: (performance.now() - this.#start) / 1000, bytes: residentBytes(this.#pid) };
  }
}

/** The slope of the straight line with the least squares, in bytes per second. */
function slopeOf(samples) {
  const meanOf = (of) => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const meanSecond = meanOf(({ second }) => second);
  const meanBytes = meanOf(({ bytes }) => bytes);
  let covariance = 0;
  let variance = 0;
  for (const { second, bytes } of samples) {
    covariance += (second - meanSecond) * (bytes - meanBytes);
    variance += (second - meanSecond) ** 2;
  }
  return covariance / variance;
}
