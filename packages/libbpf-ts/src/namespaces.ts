// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs';
import { BpfError } from './errors.js';
import { failed, failedIn } from './failure.js';
import { lastErrno, libc } from './library.js';

const CLONE_NEWNET = 0x40000000;

/**
 * Runs `fn` with the calling thread in another network namespace, and returns to the one before whatever
 * happens. Sockets, /proc/self-style paths under /proc/thread-self/net and iterators over sockets that `fn`
 * makes or starts belong to that namespace for good. Only what runs synchronously in `fn` is in it.
 * @param namespace a path (/proc/PID/ns/net, /run/netns/NAME) or an open file descriptor of one.
 * @throws {BpfError} `BPF_NAMESPACE`: not allowed, not a namespace, or `fn` returned a promise.
 */
export function inNetworkNamespace<T>(namespace: string | number, fn: () => T): T {
  const target = typeof namespace === 'number' ? namespace : open(namespace);
  try {
    const origin = open('/proc/thread-self/ns/net');
    try {
      enter(target, `entering network namespace ${namespace}`);
      try {
        return refusePromise(fn());
      } finally {
        enter(origin, 'returning from a network namespace');
      }
    } finally {
      closeSync(origin);
    }
  } finally {
    if (typeof namespace === 'string') closeSync(target);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const doing = `opening network namespace ${path}`;
    throw failedIn(cause, { code: 'BPF_NAMESPACE', syscall: 'open', doing });
  }
}

function enter(fd: number, doing: string): void {
  if (libc().setns(fd, CLONE_NEWNET) < 0)
    throw failed(lastErrno(), { code: 'BPF_NAMESPACE', syscall: 'setns', doing });
}

function refusePromise<T>(result: T): T {
  if (typeof result === 'object' && result !== null && 'then' in result) {
    const message =
      'Running in a network namespace failed: the function returned a promise, whose work would run outside of it. Make it synchronous.';
    throw new BpfError(message, { code: 'BPF_NAMESPACE' });
  }
  return result;
}
