// SPDX-License-Identifier: Apache-2.0
import type { Redactor } from '@undermesh/support';
import type { AgentConfig } from '../config/schema.js';
import {
  instanceDirectory,
  listPins,
  moduleProblem,
  type Pin,
  programsBeside,
  readModule,
  readModuleCounters,
  resolveScope,
  tryObjects,
} from '../kernel/index.js';

/** What this instance has pinned. */
const pinsOf = ({ pinDirectory, instance, node }: AgentConfig): Pin[] =>
  listPins(instanceDirectory(pinDirectory, instance || node));

/** Pins with programs (id, tag), links (id, hook, whether attached) and maps (id, shape). */
export function pinned(config: AgentConfig, redactor: Redactor): object {
  return pinsOf(config).map(({ path, mode, uid, pinned: of }) => ({
    path: redactor.text(path),
    mode: mode.toString(8),
    uid,
    kind: of.kind,
    ...(of.kind === 'unknown' ? {} : { info: plain(of.info) }),
  }));
}

/** Entries of each map out of how many. `null`: it cannot be counted. */
export const mapOccupancy = (config: AgentConfig): object =>
  pinsOf(config).flatMap(({ pinned: of }) =>
    of.kind === 'map'
      ? [{ map: of.info.name, type: of.info.type, entries: of.entries, maxEntries: of.info.maxEntries }]
      : [],
  );

/** By hook and how far up, how many programs are attached, of whomever. */
export function attachedHere(config: AgentConfig): object {
  const scope = resolveScope(config.cgroup);
  return programsBeside(scope).map(({ hook, cgroup, count, exclusive }) => ({
    hook,
    where: cgroup === scope.directory ? 'the cgroup that is observed' : 'above it',
    count,
    exclusive,
  }));
}

/** What the kernel says of each object, and the verifier's log of those that it refused. */
export function objectTrials({ objectFile }: AgentConfig): { results: object; log: string } {
  const trials = tryObjects(objectFile);
  return {
    results: trials.map(({ object, programs, refused }) => ({ object, programs, refused })),
    log: trials
      .filter(({ log }) => log !== null)
      .map(({ object, log }) => `${object}\n${log}\n`)
      .join('\n'),
  };
}

/** The kernel module, what it has counted in /proc/undermesh, and what keeps this node from its engine. */
export const moduleState = (): object => ({
  ...readModule(),
  problem: moduleProblem(),
  counters: Object.fromEntries(readModuleCounters()),
});

/** Numbers of 64 bits as text, which JSON has none of. */
const plain = (info: object): object =>
  Object.fromEntries(
    Object.entries(info).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );
