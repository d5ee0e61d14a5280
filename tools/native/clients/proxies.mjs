// SPDX-License-Identifier: Apache-2.0
// nginx and HAProxy as clients: proxies that somebody runs in front of a service, with connections that they keep. curl asks
// them; a proxy that is refused says so by 502 or 503.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../../packages.mjs';
import { startDaemon, startNginx } from '../backends.mjs';
import { REFUSED } from '../requests.mjs';
import { curl } from './curl.mjs';

const FIRST_PORT = 9001;
/** Of the proxies that run, by kind and service. */
const ports = new Map();

/** @type {import('./index.mjs').Client} */
export const nginxProxy = (mesh, authority, requests) =>
  through(mesh, { authority, requests, start: startProxy });

/** @type {import('./index.mjs').Client} */
export const haproxy = (mesh, authority, requests) =>
  through(mesh, { authority, requests, start: startHaproxy });

async function through(mesh, { authority, requests, start }) {
  const key = `${start.name} ${authority}`;
  if (!ports.has(key)) {
    const port = FIRST_PORT + ports.size;
    ports.set(key, port);
    await start(mesh, { authority, port });
  }
  const answers = await curl(mesh, `127.0.0.1:${ports.get(key)}`, requests);
  return answers.map((answer) => (/^status 50[23]$/.test(answer) ? REFUSED : answer));
}

async function startProxy(mesh, { authority, port }) {
  const upstream = `upstream service { server ${authority}:80; keepalive 2; }`;
  const server = `server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }`;
  const http = [upstream, server];
  await startNginx(mesh.road.testbed, `proxy-${port}`, { directory: mesh.road.state, http, ...mesh.client });
}

async function startHaproxy(mesh, { authority, port }) {
  const file = join(mesh.road.state, `haproxy-${port}.cfg`);
  const address = authority.replace(/^\[(.*)\]$/, 'ipv6@$1');
  writeFileSync(
    file,
    `defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 60s
  retries 0
  http-reuse always
listen service
  bind 127.0.0.1:${port}
  server one ${address}:80
`,
  );
  await startDaemon(mesh.road.testbed, [findCommand('haproxy'), '-D', '-f', file], {
    place: mesh.client,
    log: join(mesh.road.state, `haproxy-${port}.log`),
  });
}
