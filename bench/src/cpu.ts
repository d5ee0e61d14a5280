// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/**
 * CPU time of everything that ever ran in a cgroup and below it, ended processes included, microseconds. From the
 * `usage_usec` of cpu.stat, which cgroup v2 keeps whether or not its cpu controller is enabled. Interrupts that ran
 * on a process's time are in it, unless the kernel accounts for them apart ({@link accountsInterruptsApart}).
 */
export function cgroupCpuUs(directory: string): number {
  const found = /^usage_usec (\d+)$/m.exec(readFileSync(join(directory, 'cpu.stat'), 'utf8'));
  if (found === null)
    throw new Error(`${directory}/cpu.stat has no usage_usec: this kernel cannot be measured on`);
  return Number(found[1]);
}

/** Last seen, microseconds, by pid; of those that have ended too, so that the sum never falls. */
const kernelThreadTimes = new Map<string, number>();

/** CPU time of all kernel threads of the machine, microseconds: work that the mesh hands on ends up there. */
export function kernelThreadsCpuUs(): number {
  for (const pid of kernelThreads()) {
    try {
      const us = Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000;
      kernelThreadTimes.set(pid, Math.max(us, kernelThreadTimes.get(pid) ?? 0));
    } catch {
      // It ended meanwhile.
    }
  }
  return [...kernelThreadTimes.values()].reduce((sum, us) => sum + us, 0);
}

const KTHREADD = '2';
let knownKernelThreads: { readonly pids: string[]; readonly readMs: number } | undefined;

// The list is kept for a while: reading a stat file per process of the machine takes longer than reading the threads.
function kernelThreads(): string[] {
  const now = performance.now();
  if (knownKernelThreads !== undefined && now - knownKernelThreads.readMs < 10_000)
    return knownKernelThreads.pids;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === KTHREADD);
  knownKernelThreads = { pids, readMs: now };
  return pids;
}

function parentOf(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  } catch {
    return undefined;
  }
}

/** CPU time of this process, all its threads, ns: unlike a clock it does not run on while others have the CPU. */
export function ownCpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}

/** What /proc/stat says of the whole machine, in ticks of 10 ms. */
export interface MachineTime {
  readonly total: number;
  readonly idle: number;
  readonly interrupts: number;
  readonly steal: number;
}

export function machineTime(): MachineTime {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const total = user + nice + system + idle + iowait + irq + softirq + steal;
  return { total, idle: idle + iowait, interrupts: irq + softirq, steal };
}

/**
 * Whether interrupts are kept out of the time of the processes they ran on (CONFIG_IRQ_TIME_ACCOUNTING): the network
 * stack's receive side is then missing from cgroups and has to be taken from the whole machine.
 */
export function accountsInterruptsApart(): boolean {
  const config = kernelConfig();
  return config !== undefined && /^CONFIG_IRQ_TIME_ACCOUNTING=y$/m.test(config);
}

function kernelConfig(): string | undefined {
  if (existsSync('/proc/config.gz')) return gunzipSync(readFileSync('/proc/config.gz')).toString();
  const file = `/boot/config-${release()}`;
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

const TICK_US = 10_000;
let interruptsApart: boolean | undefined;

/**
 * CPU time that work in a cgroup has taken so far, microseconds: of all that ran in it, of kernel threads, and of interrupts
 * where they are accounted for apart. The last two are the whole machine's.
 */
export function workCpuUs(directory: string): number {
  interruptsApart ??= accountsInterruptsApart();
  const interrupts = interruptsApart ? machineTime().interrupts * TICK_US : 0;
  return cgroupCpuUs(directory) + kernelThreadsCpuUs() + interrupts;
}

/** The CPUs that the two ends of a load are pinned to: the first two that this process may use. */
export function twoCpus(): readonly [number, number] {
  const allowed = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const cpus = allowed.split(',').flatMap((span) => {
    const [first = 0, last = first] = span.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  const [a = 0, b = a] = cpus;
  return [a, b];
}

/** What the figures were measured on, without its name. */
export function machine(): { kernel: string; cpus: number; model: string; node: string } {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
  return {
    kernel: release().split('-')[0] ?? '',
    cpus: availableParallelism(),
    model,
    node: process.versions.node,
  };
}
