// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ConnectionRecordValue,
  decodeConnectionRecord,
  decodeHttpRecord,
  decodeHttpSample,
  decodeKernelTotals,
  encodeObserveConfig,
  HTTP_MAPS,
  HttpRecord,
  type HttpRecordValue,
  HttpSample,
  type HttpSampleValue,
  type KernelTotalsValue,
  sampleRoom,
} from '@undermesh/bpf-abi';
import {
  type BpfLink,
  type BpfObject,
  cgroupId,
  findCgroup2Mount,
  openObject,
  RingBuffer,
} from '@undermesh/libbpf-ts';

const OBJECT = fileURLToPath(new URL('../dist/observe.bpf.o', import.meta.url));
const HTTP_OBJECT = fileURLToPath(new URL('../dist/http.bpf.o', import.meta.url));
const RUDE_SOURCE = fileURLToPath(new URL('fixtures/rude.bpf.c', import.meta.url));

let made = 0;

/** A cgroup of the test's own, below the cgroup v2 mount. */
export class TestCgroup {
  readonly path: string;
  /** Depth below the root. */
  readonly level: number;

  constructor(readonly parent?: TestCgroup) {
    made += 1;
    const name = parent ? `inner-${made}` : `undermesh-test-${process.pid}-${made}`;
    this.path = join(parent?.path ?? findCgroup2Mount(), name);
    this.level = (parent?.level ?? 0) + 1;
    mkdirSync(this.path);
  }

  remove(): void {
    rmdirSync(this.path);
  }
}

/** Compiles a program of `fixtures/`, one file or a directory of them, once for a test file. */
export function compileFixture(
  name: string,
  flags: readonly string[] = [],
): { path: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), `undermesh-${name}-`));
  const path = join(directory, name);
  const parts = fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
  const sources = existsSync(parts)
    ? readdirSync(parts).flatMap((file) => (file.endsWith('.c') ? join(parts, file) : []))
    : [`${parts}.c`];
  execFileSync('clang', ['-O1', '-Wall', ...flags, '-o', path, ...sources]);
  return { path, remove: () => rmSync(directory, { recursive: true }) };
}

/** Another program on the same hooks, which overwrites the callback flags of every socket: one of fixtures/rude.bpf.c. */
export function attachRude(cgroup: TestCgroup, program = 'overwrite_flags'): { close(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-rude-'));
  const path = join(directory, 'rude.bpf.o');
  const triple = execFileSync('clang', ['-print-target-triple']).toString().trim().replace('-pc-', '-');
  const flags = ['-O2', '-g', '-target', 'bpf', '-idirafter', `/usr/include/${triple}`];
  execFileSync('clang', [...flags, '-c', RUDE_SOURCE, '-o', path]);
  const object = openObject(path);
  object.load();
  const link = object.program(program).attachCgroup(cgroup.path);
  return {
    close() {
      link.close();
      object.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** A scenario that runs in a cgroup. */
export class Scenario {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #output = '';

  constructor(program: string, cgroup: TestCgroup, args: readonly (string | number)[]) {
    const script = `echo $$ > "${cgroup.path}/cgroup.procs"; exec "$@"`;
    this.#child = spawn('sh', ['-c', script, 'sh', program, ...args.map(String)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    this.#exited = new Promise((resolve, reject) => {
      this.#child.on('close', (code) =>
        code === 0 ? resolve() : reject(new Error(`scenario ended with ${code}`)),
      );
    });
  }

  /** The ports, once printed. */
  async ports(): Promise<{ client: number; server: number; pid: number }> {
    for (let i = 0; i < 200 && !this.#output.includes('}'); i++) await sleep(10);
    return JSON.parse(this.#output);
  }

  /** Gives the program some of its standard input. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Gives the program the rest of its standard input. */
  feed(text: string): void {
    this.#child.stdin?.end(text);
  }

  /** Resolves when the program has ended well. */
  finished(): Promise<void> {
    return this.#exited;
  }

  /** Lets a waiting scenario go on. */
  go(): void {
    this.#child.stdin?.write('g');
  }

  async ended(): Promise<{ client: number; server: number; pid: number }> {
    await this.#exited;
    return this.ports();
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An http record, with its samples decoded. */
export interface Requests extends Omit<HttpRecordValue, 'connection' | 'samples'> {
  readonly connection: ConnectionRecordValue;
  readonly samples: HttpSampleValue[];
}

/** The observing object, loaded and attached to a cgroup of the test; with `http` the one that reads HTTP as well. */
export class Observed {
  readonly object: BpfObject;
  readonly #ring: RingBuffer;
  readonly #links: BpfLink[] = [];
  #http: BpfObject | undefined;

  constructor(
    cgroup: TestCgroup,
    options: {
      ringBytes?: number;
      owner?: number;
      ownerMap?: BpfObject;
      steeredBy?: BpfObject;
      http?: boolean;
    } = {},
  ) {
    this.object = openObject(OBJECT);
    this.object.setMaxEntries('records', options.ringBytes ?? 1 << 20);
    this.object.setRodata(
      encodeObserveConfig({
        cgroupId: cgroupId(cgroup.path),
        cgroupLevel: cgroup.level,
        owner: options.owner ?? 1,
        marksOwnership: 1,
        progressIntervalMs: 200,
      }),
    );
    if (options.ownerMap) this.object.reuseMap('socket_owner', options.ownerMap.map('socket_owner'));
    if (options.steeredBy) this.object.reuseMap('steerings', options.steeredBy.map('steerings'));
    this.object.load();
    this.#ring = new RingBuffer(this.object.map('records'));
    this.#links.push(this.object.program('observe_sockops').attachCgroup(cgroup.path));
    this.#links.push(this.object.program('observe_state').attach());
    if (options.http) this.#attachHttp(cgroup);
  }

  #attachHttp(cgroup: TestCgroup): void {
    const http = openObject(HTTP_OBJECT);
    http.setMaxEntries('records', this.object.map('records').maxEntries);
    for (const name of HTTP_MAPS) http.reuseMap(name, this.object.map(name));
    http.load();
    this.#links.push(http.program('follow_egress').attachCgroup(cgroup.path));
    this.#links.push(http.program('follow_ingress').attachCgroup(cgroup.path));
    this.#http = http;
  }

  /** Takes up what is older than this object. */
  adopt(): void {
    const link = this.object.program('adopt_sockets').attachIter({});
    link.createIterator().run();
    link.close();
  }

  /** Runs the look that announces what is open. */
  look(): void {
    const link = this.object.program('look').attachIter({ map: this.object.map('connections') });
    link.createIterator().run();
    link.close();
  }

  records(): ConnectionRecordValue[] {
    return this.read().records;
  }

  /** Everything in the ring, and the order it had there: a letter for each record. */
  read(): { records: ConnectionRecordValue[]; requests: Requests[]; order: string } {
    const records: ConnectionRecordValue[] = [];
    const requests: Requests[] = [];
    let order = '';
    this.#ring.drain((memory, offset, bytes) => {
      const copy = memory.slice(offset, offset + bytes);
      if (sampleRoom(bytes) > 0) requests.push(decodeRequests(copy));
      else records.push(decodeConnectionRecord(copy));
      order += sampleRoom(bytes) > 0 ? 'h' : 'c';
    });
    return { records, requests, order };
  }

  totals(): KernelTotalsValue {
    const zero = new Uint8Array(4);
    const sum = decodeKernelTotals(new Uint8Array(1024));
    for (const bytes of this.object.map('totals').lookupPerCpu(zero) ?? []) {
      const cpu = decodeKernelTotals(bytes);
      for (const key of Object.keys(sum) as (keyof KernelTotalsValue)[]) sum[key] += cpu[key];
    }
    return sum;
  }

  close(): void {
    this.#ring.close();
    for (const link of this.#links) link.close();
    this.#http?.close();
    this.object.close();
  }
}

function decodeRequests(bytes: Uint8Array): Requests {
  const record = decodeHttpRecord(bytes);
  const samples = Array.from({ length: record.sampleCount }, (_, index) =>
    decodeHttpSample(bytes, HttpRecord.samples + index * HttpSample.BYTES),
  );
  return { ...record, connection: decodeConnectionRecord(record.connection), samples };
}

export const isRoot =
  process.getuid?.() === 0 && readFileSync('/proc/self/mountinfo', 'utf8').includes('cgroup2');
