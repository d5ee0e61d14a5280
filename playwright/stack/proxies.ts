// SPDX-License-Identifier: Apache-2.0
// Reverse proxies, configured as docs/install-host.md tells.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { root } from '../../tools/paths.mjs';

/** Where the docs have a collector listen. */
const DOCUMENTED = '127.0.0.1:7070';

/** The blocks of the docs that are written in a language, `''` for none, and hold a word. */
function documented(language: string, word: string): string {
  const text = readFileSync(join(root, 'docs/install-host.md'), 'utf8');
  const blocks = [...text.matchAll(/```(\w*)\n(.*?)```/gs)];
  const found = blocks.find(([, name, body = '']) => name === language && body.includes(word));
  if (found?.[2] === undefined) throw new Error(`docs/install-host.md has no ${language} block with ${word}`);
  return found[2];
}

const nginx = (directory: string, port: number, collector: string): string => `
daemon off; pid ${directory}/pid; error_log stderr; worker_processes 1;
events {}
http {
  access_log off;
  ${['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((part) => `${part === 'body' ? 'client_body' : part}_temp_path ${directory};`).join(' ')}
  ${documented('nginx', 'map $http_upgrade')}
  server {
    listen 127.0.0.1:${port};
    ${documented('nginx', 'location /mesh/').replace(DOCUMENTED, collector)}
  }
}`;

const haproxy = (_directory: string, port: number, collector: string): string => `
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
${documented('', 'frontend web')
  .replace(/bind :443 .*/, `bind 127.0.0.1:${port}`)
  .replace(DOCUMENTED, collector)}`;

const PROGRAMS = {
  nginx: { configuration: nginx, command: (file: string) => ['nginx', '-c', file] },
  haproxy: { configuration: haproxy, command: (file: string) => ['haproxy', '-db', '-f', file] },
} as const;
export type ProxyName = keyof typeof PROGRAMS;

/** A proxy that runs before a collector. */
export class ReverseProxy {
  readonly url: string;
  readonly #child: ChildProcess;

  /** Starts one, and waits until it answers. @param place `directory`: for its files; `collector`: its address and port */
  static async start(
    name: ProxyName,
    place: { directory: string; collector: string },
  ): Promise<ReverseProxy> {
    const { configuration, command } = PROGRAMS[name];
    const directory = join(place.directory, name);
    mkdirSync(directory, { recursive: true });
    const port = await freePort();
    const file = join(directory, 'configuration');
    writeFileSync(file, configuration(directory, port, place.collector));
    const [program = '', ...parameters] = command(file);
    const child = spawn(program, parameters, { stdio: ['ignore', 'inherit', 'inherit'] });
    const proxy = new ReverseProxy(`http://mesh.localhost:${port}`, child);
    for (let tries = 0; tries < 100 && child.exitCode === null; tries += 1) {
      if (
        await fetch(`http://127.0.0.1:${port}/mesh/healthz`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return proxy;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await proxy.stop();
    throw new Error(`${name} does not answer`);
  }

  constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
