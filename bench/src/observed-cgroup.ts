// SPDX-License-Identifier: Apache-2.0
import { encodeObserveConfig, HTTP_MAPS, HTTP_PROGRAMS } from '@undermesh/bpf-abi';
import {
  type BpfLink,
  type BpfObject,
  cgroupId,
  findCgroup2Mount,
  openObject,
  RingBuffer,
} from '@undermesh/libbpf-ts';
import { compileObject, httpObject, observeObject } from './objects.js';

/** Runs and run time of a program, as the kernel's statistics have them. */
export interface ProgramTime {
  readonly runs: number;
  readonly ns: number;
}

/** Programs attached to a cgroup, timed. */
export interface TimedPrograms {
  times(): Record<string, ProgramTime>;
  close(): void;
}

const RING_BYTES = 1 << 24;
const DRAIN_MS = 10;
const LOOK_MS = 500;

/**
 * The observing programs on a cgroup, as an agent attaches them, with its drains and its looks and nothing else of it.
 * @param options `marks`: as an agent does that another one on an outer cgroup has to make room for. `http`: reads HTTP.
 */
export function observeCgroup(
  directory: string,
  options: { readonly marks: boolean; readonly http?: boolean },
): TimedPrograms {
  const object = openObject(observeObject);
  return opened(object, () => {
    object.setMaxEntries('records', RING_BYTES);
    const config = encodeObserveConfig({
      cgroupId: cgroupId(directory),
      cgroupLevel: directory.slice(findCgroup2Mount().length).split('/').length - 1,
      owner: process.pid,
      marksOwnership: options.marks ? 1 : 0,
      progressIntervalMs: 5_000,
    });
    object.setRodata((view) => new Uint8Array(view.buffer, view.byteOffset).set(config));
    object.load();
    const ring = new RingBuffer(object.map('records'));
    const scratch = new Uint8Array(RING_BYTES);
    const look = object.program('look').attachIter({ map: object.map('connections') });
    const iterator = look.createIterator();
    const links = [
      object.program('observe_sockops').attachCgroup(directory),
      object.program('observe_state').attach(),
      look,
    ];
    const http = options.http ? readHttp(object, directory) : undefined;
    const drain = setInterval(() => ring.readRecords(scratch, 192), DRAIN_MS);
    const looking = setInterval(() => iterator.run(), LOOK_MS);
    const observing = timed(object, ['observe_sockops', 'observe_state', 'look'], () => {
      clearInterval(drain);
      clearInterval(looking);
      close(links);
      ring.close();
    });
    return {
      times: () => ({ ...observing.times(), ...http?.times() }),
      close: () => {
        http?.close();
        observing.close();
      },
    };
  });
}

function readHttp(observe: BpfObject, directory: string): TimedPrograms {
  const object = openObject(httpObject);
  return opened(object, () => {
    object.setMaxEntries('records', RING_BYTES);
    for (const name of HTTP_MAPS) object.reuseMap(name, observe.map(name));
    object.load();
    const links = HTTP_PROGRAMS.map((name) => object.program(name).attachCgroup(directory));
    return timed(object, HTTP_PROGRAMS, () => close(links));
  });
}

/** Programs that do nothing, on the same hooks. */
export function observeNothing(directory: string): TimedPrograms {
  const object = openObject(compileObject('empty'));
  return opened(object, () => {
    object.load();
    const links = [
      object.program('empty_sockops').attachCgroup(directory),
      object.program('empty_state').attach(),
      object.program('empty_egress').attachCgroup(directory),
      object.program('empty_ingress').attachCgroup(directory),
    ];
    const names = ['empty_sockops', 'empty_state', 'empty_egress', 'empty_ingress'];
    return timed(object, names, () => close(links));
  });
}

/** Tells the times of programs of a loaded object, until `detach`. */
export function timed(object: BpfObject, names: readonly string[], detach: () => void): TimedPrograms {
  return {
    times: () =>
      Object.fromEntries(
        names.map((name) => {
          const { runCount, runTimeNs } = object.program(name).info();
          return [name, { runs: Number(runCount), ns: Number(runTimeNs) }];
        }),
      ),
    close: () => {
      detach();
      object.close();
    },
  };
}

/** Closes the object when `work` on it fails. */
export function opened<T>(object: BpfObject, work: () => T): T {
  try {
    return work();
  } catch (error) {
    object.close();
    throw error;
  }
}

export function close(links: readonly BpfLink[]): void {
  for (const link of links) link.close();
}
