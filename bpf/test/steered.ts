// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  AddressFamily,
  Balancing,
  DUAL_ENGINE_PROGRAMS,
  decodeEndpointHealth,
  decodeHelperError,
  decodeMeshTotals,
  type EndpointHealthValue,
  Engine,
  encodeEndpoint,
  encodeEndpointHealth,
  encodeEngineConfig,
  encodeEngineState,
  encodeService,
  encodeServiceKey,
  encodeSlot,
  encodeSlotKey,
  MeshLimit,
  MeshTotals,
  type MeshTotalsValue,
  type ServiceKeyValue,
} from '@undermesh/bpf-abi';
import { type BpfLink, type BpfMap, type BpfObject, openObject } from '@undermesh/libbpf-ts';
import type { TestCgroup } from './observed.js';

const OBJECT = fileURLToPath(new URL('../dist/dual_engine.bpf.o', import.meta.url));

const TCP = 6;
const UDP = 17;
const HOOKS = ['connect4', 'connect6', 'sendmsg4', 'sendmsg6'] as const;
const FULL = 0xffffffff;

/** What `fixtures/mesh/` answers to a command that connects. */
export interface Outcome {
  /** Connections by the port of who answered. */
  readonly by: Record<string, number>;
  /** Failures by errno. */
  readonly errors: Record<string, number>;
  /** What the last socket says of its peer. */
  readonly peer: string;
}

/** What it answers to `open` and `reopen`. */
export interface Opened {
  readonly handle: number;
  readonly by: number;
  readonly peer: string;
  readonly error: number;
}

/** Servers and clients in a network namespace and a cgroup of the test's own: `fixtures/mesh/`. */
export class MeshProgram {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;

  constructor(program: string, cgroup: TestCgroup) {
    const script = `echo $$ > "${cgroup.path}/cgroup.procs"; exec "${program}"`;
    this.#child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.#child.stdout) throw new Error('no output');
    this.#interface = createInterface({ input: this.#child.stdout });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async tell<T = Outcome>(command: string): Promise<T> {
    this.#child.stdin?.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`it ended at "${command}"`);
    return JSON.parse(value) as T;
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.end();
    await gone;
  }
}

/** An endpoint, as a test writes it down. */
export interface TestEndpoint {
  readonly id: number;
  readonly address?: string;
  readonly port: number;
  readonly weight?: number;
  readonly flags?: number;
}

/** A service, as a test writes it down: each group a list of endpoints, nearest group first. */
export interface TestService {
  readonly address: string;
  readonly port: number;
  readonly protocol?: 'tcp' | 'udp';
  readonly id?: number;
  readonly groups: readonly (readonly TestEndpoint[])[];
  readonly balancing?: number;
  readonly waypointId?: number;
  readonly transport?: number;
  readonly flags?: number;
  readonly maxConnections?: number;
}

/** The dual engine, loaded and attached to a cgroup of the test. */
export class DualEngine {
  readonly object: BpfObject;
  readonly #links: BpfLink[] = [];
  #slotsId = 100;

  /** @param options.without programs that are left unattached. */
  constructor(
    cgroup: TestCgroup,
    options: {
      without?: readonly string[];
      owner?: number;
      sharing?: BpfObject;
      size?: Record<string, number>;
    } = {},
  ) {
    this.object = openObject(OBJECT);
    for (const [map, entries] of Object.entries(options.size ?? {})) this.object.setMaxEntries(map, entries);
    this.object.setRodata(encodeEngineConfig({ owner: options.owner ?? 1, marksOwnership: 1 }));
    if (options.sharing) this.object.reuseMap('socket_owner', options.sharing.map('socket_owner'));
    this.object.load();
    for (const hook of HOOKS) this.setProgram(hook, `dual_${hook}`);
    this.switchTo(Engine.DUAL_ENGINE, 1);
    for (const name of DUAL_ENGINE_PROGRAMS) {
      if (name.startsWith('dual_') || options.without?.includes(name)) continue;
      const program = this.object.program(name);
      this.#links.push(program.type === 'tracing' ? program.attach() : program.attachCgroup(cgroup.path));
    }
  }

  /** Has refused connects make their records in the ring of these observing programs. */
  recordIn(observe: BpfObject): void {
    this.map('observed_totals').update(number(0), number(observe.map('totals').fd));
    this.map('observed_records').update(number(0), number(observe.map('records').fd));
  }

  /** Attaches it to another cgroup as well. */
  enrol(cgroup: TestCgroup): void {
    for (const program of this.object.programs()) {
      if (program.name.startsWith('dual_') || program.type === 'tracing') continue;
      this.#links.push(program.attachCgroup(cgroup.path));
    }
  }

  setProgram(hook: (typeof HOOKS)[number], program: (typeof DUAL_ENGINE_PROGRAMS)[number]): void {
    this.map(`${hook}_programs`).update(number(Engine.DUAL_ENGINE), number(this.object.program(program).fd));
  }

  map(name: string): BpfMap {
    return this.object.map(name);
  }

  switchTo(engine: number, generation: number): void {
    this.map('engine_state').update(number(0), encodeEngineState({ engine, generation }));
  }

  /** Writes a service with its endpoints; what an earlier one of the same address had stays where it is not overwritten. */
  serve(service: TestService): void {
    this.#slotsId += 1;
    const slotsId = this.#slotsId;
    service.groups.forEach((endpoints, group) => {
      for (const endpoint of endpoints) this.addEndpoint(endpoint, slotsId);
      aliasTable(endpoints.map(({ weight }) => weight ?? 1)).forEach(({ threshold, other }, slot) => {
        this.map('slots').update(
          encodeSlotKey({ slotsId, group, slot }),
          encodeSlot({
            threshold,
            endpointId: endpoints[slot]?.id ?? 0,
            otherEndpointId: endpoints[other]?.id ?? 0,
          }),
        );
      });
    });
    const id = service.id ?? 7;
    const counts = new Uint32Array(MeshLimit.GROUPS);
    service.groups.forEach((endpoints, group) => {
      counts[group] = endpoints.length;
    });
    this.map('services').update(
      encodeServiceKey(keyOf(service)),
      encodeService({
        serviceId: id,
        slotsId,
        vipId: 1000 + id,
        waypointId: service.waypointId ?? 0,
        balancing: service.balancing ?? Balancing.WEIGHTED_RANDOM,
        groupCount: service.groups.length,
        waypointTransport: service.transport ?? 0,
        flags: service.flags ?? 0,
        groupSlots: new Uint8Array(counts.buffer),
        routesId: 0,
        graceMs: 0,
        maxConnections: service.maxConnections ?? 0,
        reserved: 0,
      }),
    );
    this.map('vips').update(number(1000 + id), encodeServiceKey(keyOf(service)));
  }

  addEndpoint(endpoint: TestEndpoint, slotsId = 0): void {
    const address = endpoint.address ?? '127.0.0.1';
    this.map('endpoints').update(
      number(endpoint.id),
      encodeEndpoint({
        address: bytesOf(address),
        port: endpoint.port,
        family: familyOf(address),
        flags: endpoint.flags ?? 0,
        slotsId,
        weight: endpoint.weight ?? 1,
      }),
    );
    if (this.health(endpoint.id)) return;
    this.setHealth(endpoint.id, {});
  }

  health(endpointId: number): EndpointHealthValue | undefined {
    const bytes = this.map('endpoint_health').lookup(number(endpointId));
    return bytes && decodeEndpointHealth(bytes);
  }

  setHealth(endpointId: number, health: Partial<EndpointHealthValue>): void {
    const fresh = { setAsideUntilNs: 0n, refusals: 0, timesSetAside: 0, openConnections: 0, trying: 0 };
    this.map('endpoint_health').update(number(endpointId), encodeEndpointHealth({ ...fresh, ...health }));
  }

  /** Open connections by generation, without those that have none. */
  generations(): Record<number, number> {
    const use: Record<number, number> = {};
    for (const [key, value] of this.map('generation_use').entries()) {
      const count = Number(viewOf(value).getBigUint64(0, true));
      if (count > 0) use[viewOf(key).getUint32(0, true)] = count;
    }
    return use;
  }

  totals(): MeshTotalsValue {
    const sum = decodeMeshTotals(new Uint8Array(MeshTotals.BYTES));
    for (const bytes of this.map('mesh_totals').lookupPerCpu(number(0)) ?? []) {
      const cpu = decodeMeshTotals(bytes);
      for (const key of Object.keys(sum) as (keyof MeshTotalsValue)[]) sum[key] += cpu[key];
    }
    return sum;
  }

  /** Helpers that failed, as `site:errno`. */
  errors(): string[] {
    return [...this.map('mesh_errors').keys()].map((key) => {
      const { site, error } = decodeHelperError(key);
      return `${site}:${error}`;
    });
  }

  close(): void {
    for (const link of this.#links) link.close();
    this.object.close();
  }
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A 32-bit key or value. */
export function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

const familyOf = (address: string): number =>
  address.includes(':') ? AddressFamily.IPV6 : AddressFamily.IPV4;

/** 16 bytes of an address; of IPv6 the forms `a:b::c` that tests use. */
export function bytesOf(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  if (!address.includes(':')) {
    bytes.set(address.split('.').map(Number));
    return bytes;
  }
  const [front = '', back = ''] = address.split('::');
  const words = (text: string) => (text ? text.split(':').map((word) => Number.parseInt(word, 16)) : []);
  const [first, last] = [words(front), words(back)];
  for (const [i, word] of first.entries()) viewOf(bytes).setUint16(2 * i, word);
  for (const [i, word] of last.entries()) viewOf(bytes).setUint16(16 - 2 * (last.length - i), word);
  return bytes;
}

/** The key of a service's address. */
export const keyOf = ({
  address,
  port,
  protocol,
}: Pick<TestService, 'address' | 'port' | 'protocol'>): ServiceKeyValue => ({
  address: bytesOf(address),
  port,
  family: familyOf(address),
  protocol: protocol === 'udp' ? UDP : TCP,
});

/** Slot `i` is member `i`'s own; what it does not fill, others that have too much share. */
function aliasTable(weights: readonly number[]): { threshold: number; other: number }[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => (weight * weights.length) / total);
  const slots = weights.map((_, i) => ({ threshold: FULL, other: i }));
  for (;;) {
    const poor = shares.findIndex((share, i) => share < 1 - 1e-9 && slots[i]?.other === i);
    const rich = shares.findIndex((share) => share > 1 + 1e-9);
    if (poor < 0 || rich < 0) return slots;
    slots[poor] = { threshold: Math.floor((shares[poor] ?? 0) * FULL), other: rich };
    shares[rich] = (shares[rich] ?? 0) - (1 - (shares[poor] ?? 0));
  }
}

/** Resolves when `check` holds; throws its last error after a minute. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  for (const deadline = performance.now() + 60_000; ; ) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
