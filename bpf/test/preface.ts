// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { encodeServiceName, PREFACE_MAPS } from '@undermesh/bpf-abi';
import { type BpfLink, type BpfObject, openObject } from '@undermesh/libbpf-ts';
import { serveByNode } from './node-server.js';
import type { TestCgroup } from './observed.js';
import { type DualEngine, type MeshProgram, number } from './steered.js';

const OBJECT = fileURLToPath(new URL('../dist/preface.bpf.o', import.meta.url));
const OWN_MAPS = ['preface_sockets', 'service_names'];

/** The programs that send prefaces, on the maps of an engine. */
export class Prefaces {
  readonly object: BpfObject;
  readonly #link: BpfLink;

  constructor(cgroup: TestCgroup, engine: DualEngine, options: { sockets?: number } = {}) {
    this.object = openObject(OBJECT);
    if (options.sockets !== undefined) this.object.setMaxEntries('preface_sockets', options.sockets);
    for (const name of PREFACE_MAPS) {
      if (!OWN_MAPS.includes(name)) this.object.reuseMap(name, engine.map(name));
    }
    this.object.load();
    this.object.program('push_preface').attachMap(this.object.map('preface_sockets'));
    this.#link = this.object.program('arm_preface').attachCgroup(cgroup.path);
  }

  name(serviceId: number, name: string): void {
    this.object
      .map('service_names')
      .update(number(serviceId), encodeServiceName({ length: name.length, name }));
  }

  /** Runs of the program that every send of a socket in the map passes by; counted while statistics are on. */
  sends(): number {
    return Number(this.object.program('push_preface').info().runCount);
  }

  close(): void {
    this.#link.close();
    this.object.close();
  }
}

/** What `answering` says. */
export const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** A waypoint on a port of 127.0.0.1 in the namespace of a mesh that answers whatever comes first, and closes. */
export const answering = (mesh: MeshProgram, cgroup: TestCgroup, port: number): Promise<AsyncDisposable> =>
  serveByNode(
    mesh,
    cgroup,
    `const server = require('node:net').createServer((socket) =>
      socket.once('data', () => socket.end(${JSON.stringify(ANSWER)})).on('error', () => {}));
    server.listen(${port}, '127.0.0.1', () => console.log('ready'));`,
  );
