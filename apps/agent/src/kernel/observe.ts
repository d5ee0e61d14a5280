// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
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
import { OwnerMap } from './owner-map.js';
import type { Scope } from './scope.js';

/** What to load and where to attach it. */
export interface ObserveOptions {
  readonly objectFile: string;
  readonly scope: Scope;
  readonly ringBytes: number;
  readonly progressIntervalMs: number;
  readonly programStatistics: boolean;
  readonly pinDirectory: string;
}

/** The observing programs in the kernel: loaded and attached by the constructor, gone after {@link close}. */
export class Observe {
  /** The ring of records. */
  readonly records: RecordSource;
  readonly #options: ObserveOptions;
  readonly #object: BpfObject;
  readonly #owner: OwnerMap;
  readonly #ring: RingBuffer;
  readonly #attachments: Attachment[] = [];
  readonly #control: DataView;
  readonly #look: BpfIterator;
  readonly #listeners: BpfIterator;
  readonly #statistics: Disposable | undefined;

  /**
   * Loads, attaches, and takes up sockets that are older. Nothing stays behind when that fails.
   * Throws UndermeshError `object_mismatch` or `attach_failed` (with the kernel's reason).
   */
  constructor(options: ObserveOptions) {
    this.#options = options;
    checkObject(options.objectFile);
    const undo: (() => void)[] = [];
    try {
      this.#owner = new OwnerMap(options.pinDirectory);
      undo.push(() => this.#owner.close());
      this.#object = loadObserve(options, this.#owner);
      undo.push(() => this.#object.close());
      this.#ring = new RingBuffer(this.#map('records'));
      this.records = this.#ring;
      undo.push(() => this.#ring.close());
      const control = this.#map('control').mmap();
      this.#control = new DataView(control.buffer, control.byteOffset, control.byteLength);
      undo.push(() => this.detach());
      this.#statistics = options.programStatistics ? enableProgramStats() : undefined;
      undo.push(() => this.#statistics?.[Symbol.dispose]());
      this.#attach();
      this.#look = this.#iterator('look').createIterator();
      this.#listeners = this.#iterator('list_listeners').createIterator();
      this.#adopt();
    } catch (cause) {
      for (const step of undo.reverse()) step();
      if (!(cause instanceof BpfError)) throw cause;
      throw agentError(
        'attach_failed',
        `Attaching to ${options.scope.directory} failed: ${messageOf(cause)}`,
        cause,
      );
    }
  }

  /** Writes OPENED and PROGRESS records of what is open into the ring. */
  look(): void {
    this.#look.run();
  }

  /** Listening sockets: listener_entry structures, packed. */
  listeners(): Uint8Array {
    return this.#listeners.readAll();
  }

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

  /** Ends all attachments: no more records are made, those in the ring can still be read. Harmless when called again. */
  detach(): void {
    for (const { link } of this.#attachments.splice(0).reverse()) link.close();
  }

  /** Detaches and lets go of everything. `last`: no other agent is left on this kernel, what agents share goes as well. */
  close(options: { readonly last: boolean }): void {
    this.detach();
    this.#statistics?.[Symbol.dispose]();
    this.#ring.close();
    this.#object.close();
    this.#owner.close();
    if (options.last) OwnerMap.removePin(this.#options.pinDirectory);
  }

  #map(name: (typeof OBSERVE_MAPS)[number]): BpfMap {
    return this.#object.map(name);
  }

  #attach(): void {
    const { directory } = this.#options.scope;
    const sockops = this.#object.program('observe_sockops');
    const link = sockops.attachCgroup(directory);
    this.#attachments.push({ program: sockops, link, attachedTo: directory, cgroup: directory });
    const state = this.#object.program('observe_state');
    this.#attachments.push({ program: state, link: state.attach(), attachedTo: 'inet_sock_set_state' });
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

const LOAD_ATTEMPTS = 5;

/** Tries again when another agent shared its map meanwhile, or a signal interrupted the verifier (EAGAIN). */
function loadObserve(options: ObserveOptions, owner: OwnerMap): BpfObject {
  for (let attempt = 1; ; attempt++) {
    const object = openObject(options.objectFile);
    try {
      configure(object, options);
      owner.use(object);
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

function configure(object: BpfObject, options: ObserveOptions): void {
  const { scope, ringBytes, progressIntervalMs } = options;
  object.setMaxEntries('records', ringBytes);
  const config = encodeObserveConfig({
    cgroupId: scope.cgroupId,
    cgroupLevel: scope.level,
    // Told apart from other agents of this kernel, whose numbers cannot be known: 1 in 2^31 that two are equal.
    owner: randomInt(1, 2 ** 31),
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
