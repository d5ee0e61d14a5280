// SPDX-License-Identifier: Apache-2.0
// Whether the kernel schedules processes by session ("autogroup"). It does so on machines where they lie in the root cgroup
// of the CPU controller; under systemd or Kubernetes, that is where an agent runs, none does. With some kernels two sessions
// that wake each other up all the time then keep the CPUs for themselves (docs/decisions/0030-starved-agents.md).
import { readFileSync, writeFileSync } from 'node:fs';

const SETTING = '/proc/sys/kernel/sched_autogroup_enabled';

/**
 * Does something while processes are scheduled each for itself, and puts the setting back, also when interrupted.
 * @template T
 * @param {() => Promise<T>} work
 * @param {string} [setting] its file
 * @returns {Promise<T>}
 */
export async function withoutAutogroups(work, setting = SETTING) {
  const former = read(setting);
  if (former !== '1') return work();
  const restore = () => writeFileSync(setting, former);
  const end = () => process.exit(130);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'].filter((signal) => process.listenerCount(signal) === 0);
  for (const signal of signals) process.once(signal, end); // otherwise nobody hears of an exit
  process.once('exit', restore);
  writeFileSync(setting, '0');
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
    process.off('exit', restore);
    restore();
  }
}

function read(setting) {
  try {
    return readFileSync(setting, 'utf8').trim();
  } catch {
    return undefined; // a kernel without
  }
}
