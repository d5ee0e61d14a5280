// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AddressFamily,
  decodeRouteChoice,
  decodeService,
  encodeRouteChoice,
  RouteChoice,
} from '@undermesh/bpf-abi';
import { type BpfObject, type BpfProgram, openObject } from '@undermesh/libbpf-ts';
import type { Mesh } from '@undermesh/mesh';
import { numberNames } from '../../src/mesh/identifiers.js';
import {
  type Contents,
  compile,
  flatten,
  IdBook,
  keyBytes,
  MESH_MAPS,
  type Tables,
} from '../../src/mesh/index.js';
import { routeNames } from '../../src/mesh/routing.js';

/** A request as a client writes it. */
export interface AskedRequest {
  readonly method: string;
  readonly target: string;
  /** Field lines; `host` is one of them. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Why a request is refused: -ECONNREFUSED. */
export const REFUSED = -111;

/** What the kernel made of a request. */
export interface KernelAnswer {
  /** 0, or a negative errno. */
  readonly error: number;
  /** `namespace/name#rule#match`; `null`: no route took it. */
  readonly route: string | null;
  /** Number of the backend in its rule, from 1; 0: none. */
  readonly backend: number;
  readonly endpointId: number;
  /** CloseReason; 0: it is not refused. */
  readonly refusal: number;
}

const FIXTURE = fileURLToPath(new URL('../../../../bpf/test/fixtures/routes.bpf.c', import.meta.url));
const PACKET = new Uint8Array(64);

// struct asked of the fixture.
const Asked = { routesId: 0, length: 4, fieldCount: 6, method: 8, path: 12, query: 16, host: 20, fields: 24 };
const HEAD = Asked.fields + 8 * 100;
const CHOICE = HEAD + 16_384;
const CHOOSES = CHOICE + RouteChoice.BYTES;
const ERROR = CHOOSES + 4;
const REFUSAL = ERROR + 4;

/** The routes of a mesh in this kernel, and the programs that choose by them, without the kernel module. */
export class KernelRoutes implements Disposable {
  readonly #object: BpfObject;
  readonly #program: BpfProgram;
  readonly #memory: Uint8Array;
  readonly #names: ReadonlyMap<number, string>;
  readonly #services = new Map<string, { readonly routesId: number; readonly slotsId: number }>();

  constructor(mesh: Mesh, contents: Contents = compileHere(mesh)) {
    this.#object = loadFixture();
    this.#program = this.#object.program('ask_routes');
    const tables = flatten(contents.values());
    this.#write(tables);
    this.#memory = this.#object.map('asked').mmap();
    const routes = [...mesh.services.values(), ...mesh.waypoints.values()].flatMap((each) => each.routes);
    const numbers = numberNames([...new Set(routes)].flatMap(routeNames));
    this.#names = new Map([...numbers].map(([name, number]) => [number, name]));
    for (const value of tables.services.values()) {
      const { serviceId, routesId, slotsId } = decodeService(value);
      for (const [name, id] of numberNames(mesh.services.keys()))
        if (id === serviceId) this.#services.set(name, { routesId, slotsId });
    }
  }

  /** Which match takes a request to a service (`namespace/name`). */
  match(service: string, request: AskedRequest): KernelAnswer {
    this.#ask(service, request);
    return this.#run(false);
  }

  /** Where it goes; `endpointId`: the one that its connection has. */
  choose(service: string, request: AskedRequest, endpointId = 0): KernelAnswer {
    this.#ask(service, request, endpointId);
    return this.#run(true);
  }

  /** Nanoseconds that one match takes. */
  time(service: string, request: AskedRequest, repeat = 20_000): number {
    this.#ask(service, request);
    this.#run(false);
    return this.#program.testRun({ dataIn: PACKET, repeat }).durationNs;
  }

  [Symbol.dispose](): void {
    this.#object.close();
  }

  #write(tables: Tables): void {
    for (const name of MESH_MAPS) {
      const map = this.#object.maps().find((each) => each.name === name);
      if (map === undefined || tables[name].size === 0) continue;
      const keys = Buffer.concat([...tables[name].keys()].map(keyBytes));
      map.updateAll({ count: tables[name].size, keys, values: Buffer.concat([...tables[name].values()]) });
    }
  }

  #ask(service: string, { method, target, headers }: AskedRequest, endpointId = 0): void {
    const known = this.#services.get(service);
    if (known === undefined) throw new Error(`no service ${service}`);
    const memory = this.#memory;
    const view = new DataView(memory.buffer, memory.byteOffset);
    const span = (offset: number, at: number, length: number): void => {
      view.setUint16(offset, at, true);
      view.setUint16(offset + 2, length, true);
    };
    const question = target.indexOf('?');
    const pathEnd = question < 0 ? target.length : question;
    const at = method.length + 1;
    let head = `${method} ${target} HTTP/1.1\r\n`;
    view.setUint32(Asked.routesId, known.routesId, true);
    view.setUint16(Asked.fieldCount, headers.length, true);
    span(Asked.method, 0, method.length);
    span(Asked.path, at, pathEnd);
    span(Asked.query, at + pathEnd + 1, question < 0 ? 0 : target.length - pathEnd - 1);
    span(Asked.host, 0, 0);
    for (const [i, [name, value]] of headers.entries()) {
      const valueAt = head.length + name.length + 2;
      span(Asked.fields + 8 * i, head.length, name.length);
      span(Asked.fields + 8 * i + 4, valueAt, value.length);
      if (name.toLowerCase() === 'host') span(Asked.host, valueAt, value.length);
      head += `${name}: ${value}\r\n`;
    }
    head += '\r\n';
    view.setUint16(Asked.length, head.length, true);
    memory.set(Buffer.from(head, 'latin1'), HEAD);
    const choice = encodeRouteChoice({
      endpointId,
      defaultId: 0,
      serviceId: 0,
      slotsId: known.slotsId,
      route: 0,
      backend: 0,
      maxConnections: 0,
      family: AddressFamily.IPV4,
      socketV6: 0,
      reserved: new Uint8Array(2),
      vipId: 0,
    });
    memory.set(choice, CHOICE);
  }

  #run(chooses: boolean): KernelAnswer {
    const view = new DataView(this.#memory.buffer, this.#memory.byteOffset);
    view.setUint32(CHOOSES, chooses ? 1 : 0, true);
    const { retval } = this.#program.testRun({ dataIn: PACKET });
    if (retval !== 0) throw new Error('the program has nothing to work with');
    const error = view.getInt32(ERROR, true);
    const { route, backend, endpointId } = decodeRouteChoice(this.#memory, CHOICE);
    return {
      error,
      route: route === 0 ? null : (this.#names.get(route) ?? `#${route}`),
      backend,
      endpointId,
      refusal: view.getUint32(REFUSAL, true),
    };
  }
}

const compileHere = (mesh: Mesh): Contents =>
  compile(mesh, {
    here: { node: null, zone: null, region: null },
    book: new IdBook(),
    prefaces: true,
  });

function loadFixture(): BpfObject {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-routes-'));
  const path = join(directory, 'routes.bpf.o');
  try {
    const triple = execFileSync('clang', ['-print-target-triple']).toString().trim().replace('-pc-', '-');
    const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-idirafter', `/usr/include/${triple}`];
    execFileSync('clang', [...flags, '-c', FIXTURE, '-o', path]);
    const object = openObject(path);
    object.load();
    return object;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
