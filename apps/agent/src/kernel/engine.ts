// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import {
  decodeEngineState,
  decodeMeshTotals,
  Endpoint,
  EndpointHealth,
  EngineState,
  MeshTotals,
  type MeshTotalsValue,
  Service,
  ServiceKey,
  Slot,
} from '@undermesh/bpf-abi';
import { messageOf, UndermeshError } from '@undermesh/core';
import { BpfError, type BpfMap, clockPairNs } from '@undermesh/libbpf-ts';
import { ENGINES, type Hook, type MapUse, type Report } from '@undermesh/schema';
import type { EngineCommand, EngineControl, EngineName, EngineReadback } from '../engine/control.js';
import { DriftLog, type Finding } from '../engine/drift-log.js';
import { agentError } from '../errors.js';
import { numberKey } from '../mesh/index.js';
import { readHelperErrors } from './counters.js';
import { ENGINE_PROGRAMS, HOST_HOOK, PREFACE_MAP, PREFACE_PROGRAM } from './engine-hooks.js';
import { installEngine } from './engine-install.js';
import { EngineLinks } from './engine-links.js';
import type { EngineObjectOptions, Extra } from './engine-object.js';
import type { EngineStore } from './engine-store.js';
import type { EngineVersion } from './engine-version.js';
import { type EnrolledCgroup, findEnrolled } from './enrolment.js';
import { EnrolmentWatch } from './enrolment-watch.js';
import { GenerationUse } from './generation-use.js';
import { readMapUse, readProgram } from './hooks.js';
import { CONSTANTS } from './load-object.js';
import { MeshMaps } from './mesh-maps.js';
import { NativeSide } from './native-side.js';
import type { PodPlaces } from './pod-cgroups.js';
import { type EndMaps, RefusedEnds } from './refused-ends.js';
import type { Scope } from './scope.js';
import { WaypointSide } from './waypoint-side.js';

/** What to load, and whom to enrol. */
export interface EngineOptions extends EngineObjectOptions {
  readonly scope: Scope;
  /** Cgroups whose workloads are steered: patterns, see {@link findEnrolled}. */
  readonly enrol: readonly string[];
  /** Cgroups that waypoints run in: patterns. */
  readonly waypoints: readonly string[];
  /** More of both, by pods. */
  readonly pods?: PodPlaces;
  /** Called with the number of an endpoint whose entry has left the kernel. */
  readonly onEndpointGone: (endpointId: number) => void;
  /** Whether kernel-native is to be in force here, as soon as it can; absent: it is not. */
  readonly isNativeOrdered?: () => boolean;
  /** Called when the node has become able to run kernel-native: its module was loaded. */
  readonly onNativeAvailable?: () => void;
}

const ZERO = numberKey(0);
/** Values that are read and written here, bytes. */
const LAYOUT = {
  services: Service.BYTES,
  slots: Slot.BYTES,
  endpoints: Endpoint.BYTES,
  endpoint_health: EndpointHealth.BYTES,
  vips: ServiceKey.BYTES,
  engine_state: EngineState.BYTES,
  mesh_totals: MeshTotals.BYTES,
} as const;
/** Entries compared in a second, on average; and how often maps are compared at least and at most. */
const CHECKED_PER_SECOND = 2_500;
const CHECK_MS = { least: 2_000, most: 60_000 } as const;

/**
 * The dual engine in the kernel. It stays there when the agent goes, and is taken up by the next one: programs, maps,
 * attachments, what is steered. All that is told of it is read from the kernel.
 */
export class Engine implements EngineControl {
  readonly maps: MeshMaps;
  readonly waypoints: WaypointSide;
  readonly native: NativeSide;
  /** Of what is always loaded beside the engine: why this kernel does not take it, or `true`. */
  readonly extras: Readonly<Record<Exclude<Extra, 'native'>, true | string>>;
  readonly #store: EngineStore;
  readonly #options: EngineOptions;
  readonly #version: EngineVersion;
  readonly #links: EngineLinks;
  readonly #use: GenerationUse;
  readonly #refused: RefusedEnds;
  readonly #state: BigUint64Array;
  readonly #log = new DriftLog();
  readonly #watch = new EnrolmentWatch(() => this.#cgroupsChanged());
  /** What was written last; 64 bits. */
  #written: bigint;
  #enrolled: readonly EnrolledCgroup[] = [];
  #checkAtMs = 0;
  #suspicious = false;
  #removed = false;

  /**
   * Takes up what is pinned, or puts this build in its place; attaches to what is enrolled. Where replacing an earlier
   * build fails, that one stays in force and says so as drift. Throws BpfError, UndermeshError `object_mismatch`,
   * `engine_failed`, `pins_foreign`; nothing is changed then.
   */
  constructor(store: EngineStore, options: EngineOptions) {
    this.#store = store;
    this.#options = options;
    const { problem, problems } = installEngine(store, options);
    const version = store.open();
    if (version === undefined) throw problem ?? agentError('engine_failed', 'The engine is not pinned.');
    this.#version = version;
    try {
      if (problem !== undefined && !hasLayout(version)) throw problem;
      this.#log.look('build', problem === undefined ? [] : [{ what: messageOf(problem), mended: false }]);
      this.maps = new MeshMaps(version.maps, options.onEndpointGone);
      const state = this.map('engine_state').mmap();
      this.#state = new BigUint64Array(state.buffer, state.byteOffset, 1);
      this.#written = this.#state[0] ?? 0n;
      this.#use = new GenerationUse(this.map('generation_use'));
      this.#refused = new RefusedEnds(version.maps);
      this.#links = new EngineLinks(store, version);
      this.waypoints = new WaypointSide(store, version);
      const { owner, marksOwnership, extraFiles, known, isNativeOrdered: isOrdered = () => false } = options;
      const file = extraFiles.native;
      this.native = new NativeSide(store, version, { owner, marksOwnership, file, known, isOrdered });
      this.extras = {
        waypoint: problems?.get('waypoint') ?? true,
        preface: problems?.get('preface') ?? true,
      };
      // It goes with the map and takes the place of an earlier one.
      const sockets = version.maps.get(PREFACE_MAP);
      if (sockets !== undefined) version.programs.get(PREFACE_PROGRAM)?.attachMap(sockets, 'sk_msg_verdict');
      this.tick();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Same as the constructor; where the kernel does not take it, returns why. */
  static open(store: EngineStore, options: EngineOptions): Engine | string {
    try {
      return new Engine(store, options);
    } catch (error) {
      const known = error instanceof UndermeshError && error.code === 'engine_failed';
      if (error instanceof BpfError || known) return messageOf(error);
      throw error;
    }
  }

  /** A map of the engine, by name. Throws UndermeshError `object_mismatch`. */
  map(name: string): BpfMap {
    const map = this.#version.maps.get(name);
    if (map === undefined) throw agentError('object_mismatch', `The engine has no map ${name}.`);
    return map;
  }

  async apply({ engine, generation }: EngineCommand): Promise<void> {
    const available = this.#available()[engine];
    if (available !== true) {
      throw agentError('engine_unavailable', `This node cannot run ${engine}: ${available}.`);
    }
    if (engine === 'kernel-native') this.native.hold();
    const word = new DataView(new ArrayBuffer(EngineState.BYTES));
    word.setUint32(EngineState.engine, ENGINES.indexOf(engine), true);
    word.setUint32(EngineState.generation, generation, true);
    this.#written = word.getBigUint64(0, true);
    this.#state[0] = this.#written;
    this.#use.look(generation);
  }

  /** Has connects that it refuses make their records there; `null`: nowhere. */
  recordRefused(ends: EndMaps | null): void {
    this.#refused.use(ends);
  }

  readback(): EngineReadback {
    const { engine, generation } = this.#inForce();
    return {
      engine,
      generation,
      available: this.#available(),
      hooks: this.#removed ? [] : this.#links.hooks(),
      enrolled: this.#removed ? [] : this.#enrolled.map(({ path }) => path),
      drift: this.#log.drift,
      openConnections: this.#use.openConnections,
    };
  }

  /** Once a second: enrols what has come, looks whether all is as it was put, and puts it right. */
  tick(): void {
    if (this.#removed) return;
    if (this.#store.removed) {
      this.#removed = true;
      this.#log.look('pins', [{ what: 'the pins were removed by hand: nothing is steered', mended: false }]);
      return;
    }
    // Somebody may be about to remove them all.
    const missing = this.#missingPins();
    const suspicious = missing.length > 0 && !this.#suspicious;
    this.#suspicious = missing.length > 0;
    if (suspicious) return;
    this.#log.look(
      'pins',
      missing.map((pin) => this.#pinAgain(pin)),
    );
    this.#use.look(this.#inForce().generation);
    this.#log.look('native', this.#lookAtNative());
    this.#log.look('links', [...this.#attach(), ...this.#links.look()]);
    this.#log.look('state', [...this.#checkState(), ...this.#checkPrograms(), ...this.#refused.look()]);
    this.maps.letGo();
    this.#checkMaps();
  }

  /** Looks at once who is to be enrolled: somebody else has become so. */
  enrolAgain(): void {
    this.#cgroupsChanged();
  }

  /** One for each program that is attached, for people. */
  hooks(statistics: boolean): Hook[] {
    if (this.#removed) return [];
    const { boottime, realtime } = clockPairNs();
    const offsetMs = Number((realtime - boottime) / 1_000_000n);
    return this.#links.hooks().flatMap(({ name, expected, attached }) => {
      const program = this.#version.programs.get(name);
      if (program === undefined || expected === 0) return [];
      const attachedTo = name === HOST_HOOK ? 'inet_sock_set_state' : `${expected} cgroups`;
      return [
        {
          ...readProgram(program, { name, attachedTo, offsetMs, statistics }),
          attached: attached === expected,
        },
      ];
    });
  }

  mapUse(): MapUse[] {
    return [...this.#version.maps]
      .filter(([name]) => name !== CONSTANTS && ENGINE_PROGRAMS[name] === undefined)
      .map(([name, map]) => ({ ...readMapUse(map, this.maps.entriesOf(name)), name }));
  }

  /** Sums of the kernel's counters. */
  totals(): MeshTotalsValue {
    const sum = decodeMeshTotals(new Uint8Array(this.map('mesh_totals').valueSize));
    for (const bytes of this.map('mesh_totals').lookupPerCpu(ZERO) ?? []) {
      const cpu = decodeMeshTotals(bytes);
      for (const name of Object.keys(sum) as (keyof MeshTotalsValue)[]) sum[name] += cpu[name];
    }
    return sum;
  }

  helperErrors(): Report['helperErrors'] {
    return readHelperErrors(this.map('mesh_errors'));
  }

  /** Lets go of it; it stays in force. */
  close(): void {
    this.#watch.close();
    this.#version.close();
  }

  #inForce(): { readonly engine: EngineName; readonly generation: number } {
    const bytes = this.map('engine_state').lookup(ZERO) ?? new Uint8Array(EngineState.BYTES);
    const { engine, generation } = decodeEngineState(bytes);
    return { engine: (this.#removed ? undefined : ENGINES[engine]) ?? 'off', generation };
  }

  #available(): EngineReadback['available'] {
    const dual = this.#removed ? 'its pins were removed by hand: restart the agent to attach it again' : true;
    return { off: true, 'dual-engine': dual, 'kernel-native': dual === true ? this.native.available : dual };
  }

  #lookAtNative(): Finding[] {
    const before = this.native.available;
    const findings = this.native.look(this.#inForce().engine === 'kernel-native');
    const { available } = this.native;
    if (before !== true && available === true) this.#options.onNativeAvailable?.();
    return findings;
  }

  /** To what is enrolled by now. */
  #attach(): Finding[] {
    const { scope, enrol, waypoints, pods } = this.#options;
    const looked = new Set<string>();
    const ofPods = pods?.find(looked) ?? { enrolled: [], waypoints: [] };
    this.#enrolled = findEnrolled(scope, [...enrol, ...ofPods.enrolled], looked);
    const places = {
      enrolled: this.#enrolled,
      waypoints: findEnrolled(scope, [...waypoints, ...ofPods.waypoints], looked),
      complete: pods?.known ?? true,
    };
    this.#watch.watch(looked);
    const findings = this.#links.attach(places, this.#use.total === 0);
    this.waypoints.look(places.waypoints);
    return findings;
  }

  /** Before the next look: a workload that has just come may connect at once. What fails is told by that look. */
  #cgroupsChanged(): void {
    if (this.#removed || this.#store.removed) return;
    try {
      this.#attach();
    } catch (error) {
      if (!(error instanceof BpfError || isSystemError(error))) throw error;
    }
  }

  #missingPins(): (readonly ['map' | 'program', string])[] {
    const pins = [
      ...[...this.#version.maps.keys()].map((name) => ['map', name] as const),
      ...[...this.#version.programs.keys()].map((name) => ['program', name] as const),
    ];
    return pins.filter(([kind, name]) => !existsSync(this.#store.pinOf(kind, name)));
  }

  #pinAgain([kind, name]: readonly ['map' | 'program', string]): Finding {
    const what = `the pin of ${kind} ${name} was taken away`;
    const pinned = (kind === 'map' ? this.#version.maps : this.#version.programs).get(name);
    try {
      pinned?.pin(this.#store.pinOf(kind, name));
      return { what, mended: true };
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      return { what: `${what}: ${error.message}`, mended: false };
    }
  }

  #checkState(): Finding[] {
    const found = this.#state[0] ?? 0n;
    if (found === this.#written) return [];
    const { engine, generation } = this.#inForce();
    this.#state[0] = this.#written;
    return [{ what: `somebody else put ${engine}, generation ${generation} in force`, mended: true }];
  }

  /** What hooks jump to. */
  #checkPrograms(): Finding[] {
    const findings: Finding[] = [];
    for (const [array, programs] of Object.entries(ENGINE_PROGRAMS)) {
      for (const [engine, name] of programs) {
        const program = this.#version.programs.get(name);
        const map = this.map(array);
        const found = map.lookup(numberKey(engine));
        if (program === undefined || Buffer.compare(found ?? ZERO, numberKey(program.id)) === 0) continue;
        map.update(numberKey(engine), numberKey(program.fd));
        findings.push({ what: `${name} was taken out of ${array}`, mended: true });
      }
    }
    return findings;
  }

  #checkMaps(): void {
    const nowMs = performance.now();
    if (nowMs < this.#checkAtMs) return;
    this.#log.look('maps', this.maps.check());
    const intervalMs = (this.maps.size / CHECKED_PER_SECOND) * 1_000;
    this.#checkAtMs = nowMs + Math.min(Math.max(intervalMs, CHECK_MS.least), CHECK_MS.most);
  }
}

const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

/** Whether an earlier build's maps are laid out as this one knows them. */
const hasLayout = ({ maps }: EngineVersion): boolean =>
  Object.entries(LAYOUT).every(([name, bytes]) => maps.get(name)?.valueSize === bytes);
