// SPDX-License-Identifier: Apache-2.0
import type { ENGINES } from '@undermesh/schema';

/** What steers traffic on a node. */
export type EngineName = (typeof ENGINES)[number];

/** An order to steer by an engine from now on. */
export interface EngineCommand {
  readonly engine: EngineName;
  /** Of the order; sockets remember it. 1 to 65,535: records have 16 bits for it. */
  readonly generation: number;
}

/** One hook of the engine, over all enrolled cgroups. */
export interface EngineHook {
  /** Name of the program. */
  readonly name: string;
  /** Links that there ought to be: one per enrolled cgroup. */
  readonly expected: number;
  /** Links that the kernel says are attached, with the program that ought to be there. */
  readonly attached: number;
}

/** What is not as it was put, and what was done about it. */
export interface EngineDrift {
  /** Unix time when it was noticed, ms. */
  readonly atMs: number;
  /** For people, e.g. `connect4 was detached from /shop`. */
  readonly what: string;
  readonly mended: boolean;
}

/** What is in force on this node, read from the kernel and from nowhere else. */
export interface EngineReadback {
  readonly engine: EngineName;
  readonly generation: number;
  /** Of each engine: `true`, or why this node cannot run it. */
  readonly available: Readonly<Record<EngineName, true | string>>;
  readonly hooks: readonly EngineHook[];
  /** Paths below the cgroup2 mount of what is enrolled. */
  readonly enrolled: readonly string[];
  /** Of the last ten minutes, latest first, at most 20; those that last have `mended: false`. */
  readonly drift: readonly EngineDrift[];
  /** Open connections by the generation that steered them. */
  readonly openConnections: readonly { readonly generation: number; readonly connections: number }[];
}

/** What the uplink has of the engine: it hands down orders and reports what is in force. */
export interface EngineControl {
  /** As of the last second. */
  readback(): EngineReadback;
  /**
   * Puts an engine in force by one write; sockets that are open stay with the generation that steered them. Rejects
   * with UndermeshError `engine_unavailable` or `engine_failed`; what was in force stays then.
   */
  apply(command: EngineCommand): Promise<void>;
}
