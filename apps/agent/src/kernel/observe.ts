// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import {
  decodeCgroupName,
  encodeObserveConfig,
  KernelTotals,
  OBSERVE_MAPS,
  OBSERVE_PROGRAMS,
  ObserveConfig,
  ObserveControl,
} from '@undermesh/bpf-abi';
import { messageOf } from '@undermesh/core';
import {
  BpfError,
  type BpfIterator,
  type BpfLink,
  type BpfMap,
  type BpfObject,
  clockPairNs,
  enableProgramStats,
  openObject,
  RingBuffer,
  readObjectSpec,
} from '@undermesh/libbpf-ts';
import type { Hook, MapUse, Report } from '@undermesh/schema';
import { agentError } from '../errors.js';
import type { CgroupTail } from '../identity/cgroup-paths.js';
import type { RecordSource } from '../records/drain.js';
import type { KernelCounts } from '../records/ledger.js';
import { readHelperErrors, readTotals } from './counters.js';
import { type Attachment, readHook, readMapUse } from './hooks.js';
import { HttpPrograms } from './http-programs.js';
import { KeptMaps } from './kept-maps.js';
import { OwnerMap } from './owner-map.js';
import type { EndMaps } from './refused-ends.js';
import type { Scope } from './scope.js';

/** What to load and where to attach it. */
export interface ObserveOptions {
  readonly objectFile: string;
  readonly scope: Scope;
  readonly ringBytes: number;
  readonly progressIntervalMs: number;
  readonly programStatistics: boolean;
  readonly pinDirectory: string;
  /** Tells agents of one machine apart. */
  readonly instance: string;
  /** Whether ring and counters stay in the kernel when the agent is killed. */
  readonly outlive: boolean;
  /** The object that reads HTTP; without it nothing is known of requests. */
  readonly httpObjectFile?: string;
  /** What an engine of this agent has noted of sockets, for their records: its maps, as far as there are any. */
  readonly noted?: readonly BpfMap[];
  /** Whether there will be an engine: without one these maps stay empty. */
  readonly steers?: boolean;
}

/**
 * The observing programs in the kernel: loaded by the constructor, at work from {@link attach} on, gone after
 * {@link close}.
 */
export class Observe {
  /** The ring of records. */
  readonly records: RecordSource;
  readonly #options: ObserveOptions;
  readonly #object: BpfObject;
  readonly #owner: OwnerMap;
  readonly #kept: KeptMaps;
  readonly #ring: RingBuffer;
  readonly #attachments: Attachment[] = [];
  readonly #control: DataView;
  #http: HttpPrograms | undefined;
  #httpReason = 'switched off: agent.http is false';
  #look: BpfIterator | undefined;
  #listeners: BpfIterator | undefined;
  #statistics: Disposable | undefined;

  /**
   * Loads, with the ring and the counters that an earlier run left in the kernel. Nothing new stays behind when that
   * fails. Throws UndermeshError `object_mismatch` or `attach_failed` (with the kernel's reason).
   */
  constructor(options: ObserveOptions) {
    this.#options = options;
    checkObject(options.objectFile);
    const undo: (() => void)[] = [];
    try {
      this.#owner = new OwnerMap(options.pinDirectory);
      undo.push(() => this.#owner.close());
      this.#kept = new KeptMaps(options.pinDirectory, options.instance);
      this.#object = loadObserve(options, { owner: this.#owner, kept: this.#kept });
      undo.push(() => this.#object.close());
      this.#ring = new RingBuffer(this.#map('records'));
      this.records = this.#ring;
      undo.push(() => this.#ring.close());
      const control = this.#map('control').mmap();
      this.#control = new DataView(control.buffer, control.byteOffset, control.byteLength);
    } catch (cause) {
      for (const step of undo.reverse()) step();
      throw this.#failure(cause);
    }
  }

  /**
   * Attaches, and takes up sockets that are older. Throws UndermeshError `attach_failed`; {@link close} is then still to
   * be called.
   */
  attach(): void {
    try {
      // Before anything is made that would have to be counted.
      if (this.#options.outlive) this.#kept.keep(this.#object);
      this.#statistics = this.#options.programStatistics ? enableProgramStats() : undefined;
      this.#attachHooks();
      this.#attachHttp();
      this.#look = this.#iterator('look').createIterator();
      this.#listeners = this.#iterator('list_listeners').createIterator();
      this.#adopt();
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  /** Whether ring and counters are those of an earlier run. */
  get continued(): boolean {
    return this.#kept.adopted;
  }

  /** Maps that other objects of this agent use as well, by name. */
  get shared(): ReadonlyMap<string, BpfMap> {
    return new Map(SHARED.map((name) => [name, this.#map(name)]));
  }

  /** Where ends are written and counted: for what other objects of this agent refuse. */
  get ends(): EndMaps {
    return { records: this.#map('records'), totals: this.#map('totals') };
  }

  /** The kernel's id of the counters. */
  get totalsId(): number {
    return this.#map('totals').id;
  }

  /** Writes OPENED and PROGRESS records of what is open into the ring. */
  look(): void {
    this.#look?.run();
  }

  /** Listening sockets: listener_entry structures, packed. */
  listeners(): Uint8Array {
    return this.#listeners?.readAll() ?? new Uint8Array();
  }

  /** Since the maps were made: perhaps by an earlier run. */
  totals(): KernelCounts {
    return readTotals(this.#map('totals'));
  }

  helperErrors(): Report['helperErrors'] {
    return readHelperErrors(this.#map('helper_errors'));
  }

  /** The last two components of a cgroup's path, kept since a socket was first seen in it. */
  cgroupTail(cgroupId: number): CgroupTail | undefined {
    const key = new Uint8Array(8);
    new DataView(key.buffer).setBigUint64(0, BigInt(cgroupId), true);
    const value = this.#map('cgroup_names').lookup(key);
    return value === undefined ? undefined : decodeCgroupName(value);
  }

  /** What is attached, asked from the kernel. */
  hooks(): Hook[] {
    const { boottime, realtime } = clockPairNs();
    const offsetMs = Number((realtime - boottime) / 1_000_000n);
    return this.#attachments.map((attachment) =>
      readHook(attachment, offsetMs, this.#options.programStatistics),
    );
  }

  maps(): MapUse[] {
    return OBSERVE_MAPS.map((name) => readMapUse(this.#map(name)));
  }

  /** Has the next look announce everything that is open again. */
  announceAgain(): void {
    const at = ObserveControl.announceGeneration;
    this.#control.setUint32(at, this.#control.getUint32(at, true) + 1, true);
  }

  /** `true` while HTTP is read, or the reason why it is not. */
  get http(): true | string {
    return this.#http === undefined ? this.#httpReason : true;
  }

  /** Ends all attachments: no more records are made, those in the ring can still be read. Harmless when called again. */
  detach(): void {
    if (this.#http !== undefined) this.#finishHttp(this.#http);
    for (const { link } of this.#attachments.splice(0).reverse()) link.close();
  }

  /**
   * Detaches and lets go of everything. `last`: no other agent is left on this kernel, what agents share goes as well.
   * `failed`: a start did; what an earlier run left stays.
   */
  close(options: { readonly last: boolean; readonly failed?: boolean }): void {
    this.detach();
    if (options.failed !== true || !this.continued) this.#kept.remove();
    this.#statistics?.[Symbol.dispose]();
    this.#ring.close();
    this.#object.close();
    this.#owner.close();
    if (options.last) OwnerMap.removePin(this.#options.pinDirectory);
  }

  #map(name: (typeof OBSERVE_MAPS)[number]): BpfMap {
    return this.#object.map(name);
  }

  #failure(cause: unknown): unknown {
    if (!(cause instanceof BpfError)) return cause;
    const { directory } = this.#options.scope;
    return agentError('attach_failed', `Attaching to ${directory} failed: ${messageOf(cause)}`, cause);
  }

  #attachHooks(): void {
    const { directory } = this.#options.scope;
    const sockops = this.#object.program('observe_sockops');
    const link = sockops.attachCgroup(directory);
    this.#attachments.push({ program: sockops, link, attachedTo: directory, cgroup: directory });
    const state = this.#object.program('observe_state');
    this.#attachments.push({ program: state, link: state.attach(), attachedTo: 'inet_sock_set_state' });
  }

  /** Without it connections are observed all the same. */
  #attachHttp(): void {
    const { httpObjectFile, scope } = this.#options;
    if (httpObjectFile === undefined) return;
    try {
      this.#http = new HttpPrograms(httpObjectFile, { observe: this.#object, cgroup: scope.directory });
      this.#attachments.push(...this.#http.attachments);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      this.#httpReason = messageOf(error);
    }
  }

  /** No more requests are followed; those that wait for company go into the ring. */
  #finishHttp(http: HttpPrograms): void {
    this.#http = undefined;
    this.#httpReason = 'detached';
    for (const { link } of http.attachments) link.close();
    this.#control.setUint32(ObserveControl.hurry, 1, true);
    this.#look?.run();
    http.close();
  }

  #iterator(name: 'look' | 'list_listeners'): BpfLink {
    const program = this.#object.program(name);
    const link = program.attachIter({ map: this.#map('connections') });
    this.#attachments.push({ program, link, attachedTo: 'iterator over connections' });
    return link;
  }

  /** Takes up what is older than this agent; its side of each connection is found at the first look. */
  #adopt(): void {
    using link = this.#object.program('adopt_sockets').attachIter();
    link.createIterator().run();
  }
}

function checkObject(path: string): void {
  const { programs, maps } = readObjectSpec(path);
  const programNames = new Set(programs.map(({ name }) => name));
  const mapNames = new Set(maps.map(({ name }) => name));
  const missing = [
    ...OBSERVE_PROGRAMS.filter((name) => !programNames.has(name)),
    ...OBSERVE_MAPS.filter((name) => !mapNames.has(name)),
  ];
  const totals = maps.find(({ name }) => name === 'totals')?.valueSize;
  if (missing.length === 0 && totals === KernelTotals.BYTES) return;
  const what = missing.length > 0 ? `lacks ${missing.join(', ')}` : `has totals of ${totals} bytes`;
  throw agentError('object_mismatch', `The eBPF object ${path} ${what}, which this agent does not know.`);
}

/** Maps that belong to all objects of an agent. */
const SHARED = ['socket_owner', 'steerings', 'choices'] as const;
/** Room in a map that stays empty. */
const LEAST_ENTRIES = 64;

const LOAD_ATTEMPTS = 5;

/** Tries again when another agent shared its map meanwhile, or a signal interrupted the verifier (EAGAIN). */
function loadObserve(options: ObserveOptions, shared: { owner: OwnerMap; kept: KeptMaps }): BpfObject {
  const { owner, kept } = shared;
  for (let attempt = 1; ; attempt++) {
    const object = openObject(options.objectFile);
    try {
      configure(object, options);
      owner.use(object);
      if (options.steers !== true) object.setMaxEntries('choices', LEAST_ENTRIES);
      for (const map of options.noted ?? []) object.reuseMap(map.name, map);
      if (options.outlive) kept.use(object);
      object.load();
      if (owner.share(object.map('socket_owner'))) return object;
    } catch (error) {
      object.close();
      const interrupted = error instanceof BpfError && error.errnoName === 'EAGAIN';
      if (!interrupted || attempt >= LOAD_ATTEMPTS) throw error;
      continue;
    }
    object.close();
    if (attempt >= LOAD_ATTEMPTS) {
      throw agentError('attach_failed', `Sharing socket_owner in ${options.pinDirectory} failed.`);
    }
  }
}

/**
 * The number of an agent, which tells it from others of this kernel, whose numbers it cannot know: 1 in 2^31 that two are
 * equal. The same for every run of an instance: sockets, and what listeners hand down to those they accept, keep the mark
 * of a killed run.
 */
export function ownerOf(instance: string): number {
  return (createHash('sha256').update(instance).digest().readUInt32LE(0) >>> 1) + 1;
}

function configure(object: BpfObject, options: ObserveOptions): void {
  const { scope, ringBytes, progressIntervalMs, instance } = options;
  object.setMaxEntries('records', ringBytes);
  const config = encodeObserveConfig({
    cgroupId: scope.cgroupId,
    cgroupLevel: scope.level,
    owner: ownerOf(instance),
    marksOwnership: scope.wholeHost ? 0 : 1,
    progressIntervalMs,
  });
  object.setRodata((view) => {
    if (view.byteLength < ObserveConfig.BYTES) {
      throw agentError('object_mismatch', `The object's constants are ${view.byteLength} bytes long.`);
    }
    new Uint8Array(view.buffer, view.byteOffset).set(config);
  });
}
