// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { twoCpus } from './cpu.js';
import { makeScratch } from './scratch.js';
import type { Place, Testbed } from './testbed.js';

/** Where something listens. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** A program that runs until it is stopped. */
export interface Running {
  stop(): Promise<void>;
}

/** Request header that nginx gives back, so that a client sees what a waypoint put in. */
export const ROUTE_HEADER = 'x-route';

/** Where nginx answers with 1 KiB; with 64 bytes everywhere else. */
export const KIB_PATH = '/kib';

const configuration = (directory: string, { address, port }: Address) => `daemon off;
master_process off;
worker_processes 1;
pid ${directory}/pid;
error_log ${directory}/error.log crit;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  server {
    listen ${address}:${port} backlog=4096;
    add_header ${ROUTE_HEADER} $http_x_route;
    location / { return 200 "${'x'.repeat(64)}"; }
    location ${KIB_PATH} { return 200 "${'x'.repeat(1024)}"; }
  }
}
`;

/** Starts nginx with one worker, on the second CPU. It may not listen yet. */
export function startNginx(testbed: Testbed, address: Address, place: Place): Running {
  const scratch = makeScratch();
  const directory = scratch.path;
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, configuration(directory, address));
  const [, cpu] = twoCpus();
  const command = ['-c', String(cpu), 'nginx', '-p', directory, '-c', file, '-e', 'stderr'];
  const server = testbed.spawn('taskset', command, {
    ...place,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return {
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        server.kill('SIGTERM');
        await once(server, 'exit');
      }
      scratch.remove();
    },
  };
}
