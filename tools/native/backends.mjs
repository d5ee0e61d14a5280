// SPDX-License-Identifier: Apache-2.0
// Backends that answer with their own name and what they were asked for: nginx, as nobody adapted it.
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../packages.mjs';
import { answering, BACKEND_PORT, endpointOf } from './manifests.mjs';

/** Starts them; they are gone with the testbed. @param {{ directory: string, namespace: string, cgroup: string }} place */
export async function startBackends(testbed, { directory, ...place }) {
  await startNginx(testbed, 'backends', { directory, ...place, http: answering.map(serverOf) });
}

const serverOf = (name) => {
  const { IPv4, IPv6 } = endpointOf(name);
  return `server {
    listen ${IPv4}:${BACKEND_PORT}; listen [${IPv6}]:${BACKEND_PORT};
    location / { return 200 "${name} $request_method $request_uri\\n"; }
  }`;
};

/**
 * Starts an nginx of one worker; it listens once this resolves.
 * @param {string} name of its files
 * @param {{ directory: string, namespace: string, cgroup: string, http: string[] }} options `http`: what its section holds
 */
export async function startNginx(testbed, name, { directory, http, ...place }) {
  const at = (suffix) => join(directory, `${name}.${suffix}`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    at('conf'),
    `worker_processes 1; pid ${at('pid')}; error_log ${at('log')};
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 10000000; keepalive_timeout 1h; default_type text/plain;
  ${temporary.map((one) => `${one}_temp_path ${at(one)};`).join(' ')}
  ${http.join('\n  ')}
}
`,
  );
  await startDaemon(testbed, [findCommand('nginx'), '-c', at('conf'), '-e', at('log')], {
    place,
    log: at('log'),
  });
}

/** Runs what goes into the background once it listens. `log`: where it says why it does not. */
export async function startDaemon(testbed, [program, ...parameters], { place, log }) {
  const output = openSync(log, 'a');
  const child = testbed.spawn(program, parameters, { ...place, stdio: ['ignore', output, output] });
  closeSync(output);
  const [code] = await once(child, 'exit'); // its output stays open with what it leaves in the background
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${readFileSync(log, 'utf8').trim()}`);
}
