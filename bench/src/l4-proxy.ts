// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address, Running } from './nginx.js';
import { makeScratch } from './scratch.js';
import type { Place, Testbed } from './testbed.js';

/** A hop: where it listens and where it leads. */
export interface Hop {
  readonly listen: Address;
  readonly to: Address;
  /** Tells the next one the original destination by PROXY protocol v2. */
  readonly prefaced?: boolean;
}

const text = ({ address, port }: Address): string => `${address}:${port}`;

/** Timeouts of the agent's waypoints; threads and all else as HAProxy has it by itself, as there. */
const configuration = ({ listen, to, prefaced }: Hop) => `defaults
    mode tcp
    timeout connect 3s
    timeout client 1h
    timeout server 1h
listen hop
    bind ${text(listen)}
    server next ${text(to)}${prefaced ? ' send-proxy-v2' : ''}
`;

/** Starts HAProxy as a proxy of TCP, a process of its own. It may not listen yet. */
export function startL4Proxy(testbed: Testbed, hop: Hop, place: Place): Running {
  return startHaproxy(testbed, configuration(hop), place);
}

/** Starts HAProxy with a configuration, a process of its own. It may not listen yet. */
export function startHaproxy(testbed: Testbed, settings: string, place: Place): Running {
  const scratch = makeScratch();
  const file = join(scratch.path, 'haproxy.cfg');
  writeFileSync(file, settings);
  const proxy = testbed.spawn('haproxy', ['-db', '-q', '-f', file], {
    ...place,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return {
    stop: async () => {
      if (proxy.exitCode === null && proxy.signalCode === null) {
        proxy.kill('SIGTERM');
        await once(proxy, 'exit');
      }
      scratch.remove();
    },
  };
}
