// SPDX-License-Identifier: Apache-2.0
// What this machine has to offer before anything starts.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Failure } from './say.mjs';
import { cgroup2Mount } from './testbed/cgroups.mjs';

/** This machine must let us work: root, and a cgroup v2 hierarchy. @param {string} command what somebody typed */
export function checkHost(command) {
  if (process.getuid() !== 0) {
    throw new Failure(`${command} has to run as root: it loads programs into the kernel`, {
      mend: `sudo ${command}`,
    });
  }
  if (!cgroup2Mount()) {
    throw new Failure('no cgroup v2 hierarchy is mounted', {
      mend: 'mount -t cgroup2 none /sys/fs/cgroup/unified',
    });
  }
}

/** Throws when one of these loopback ports is taken. @param {[who: string, port: number][]} ports */
export async function checkPorts(ports) {
  for (const [who, port] of ports) {
    const server = createServer().listen({ host: '127.0.0.1', port });
    const [error] = await Promise.race([
      once(server, 'listening').then(() => []),
      once(server, 'error'),
    ]).catch((reason) => [reason]);
    server.close();
    if (error?.code === 'EADDRINUSE') {
      throw new Failure(`port ${port}, for ${who}, is in use`, {
        mend: `stop what listens there (ss -ltnp 'sport = :${port}' shows it), or: npm start -- --port ${port + 100}`,
      });
    }
    if (error) throw error;
  }
}
