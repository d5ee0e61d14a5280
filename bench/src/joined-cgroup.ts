// SPDX-License-Identifier: Apache-2.0
import { openObject } from '@undermesh/libbpf-ts';
import { compileObject } from './objects.js';
import { opened } from './observed-cgroup.js';

/** Sockets that are joined. */
export interface JoinedSockets {
  /** Messages that went from queue to queue so far. */
  redirected(): number;
  close(): void;
}

/** Joins connections that are opened in a cgroup from now on, by the experiment of bpf/shortcut.bpf.c. */
export function joinCgroup(directory: string): JoinedSockets {
  const object = openObject(compileObject('shortcut'));
  return opened(object, () => {
    object.load();
    const [redirect, joined] = [object.program('redirect'), object.map('joined')];
    redirect.attachMap(joined);
    const link = object.program('join').attachCgroup(directory);
    return {
      redirected: () => {
        const perCpu = object.map('redirected').lookupPerCpu(new Uint8Array(4)) ?? [];
        return perCpu.reduce((sum, bytes) => sum + Number(new BigUint64Array(bytes.slice().buffer)[0]), 0);
      },
      close: () => {
        link.close();
        redirect.detachMap(joined);
        object.close();
      },
    };
  });
}
