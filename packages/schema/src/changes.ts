// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { WindowQuery } from './api/index.js';
import { ENGINE_DECIDERS } from './engines.js';
import { literals, Nullable, Time } from './shape.js';

const OBSERVED = [
  'node_joined',
  'node_silent',
  'node_back',
  'agent_restarted',
  'agent_version',
  'workload_appeared',
  'workload_version',
  'edge_appeared',
] as const;

const OF_CONTROL = [
  /** Somebody, or a label, asked for an engine. */
  'engine_set',
  /** A collector without memory of the node took what it ran for what is desired. */
  'engine_adopted',
  /** The node did not carry out an order. */
  'engine_refused',
  /** The kernel was found otherwise than the agent had put it, and put right again. */
  'engine_drifted',
  'engine_mended',
  /** Somebody had a join token made for the agent of a node. */
  'agent_invited',
  /** An agent came by its first certificate; any that its node had before is void. */
  'agent_joined',
  /** Somebody had the certificate of an agent refused from then on. */
  'agent_removed',
  /** The change log did not verify: what is behind that place was set aside. */
  'log_broken',
] as const;

/** What can change in a mesh: by itself, or because somebody asked for it ({@link CONTROL_KINDS}). */
export const CHANGE_KINDS = [...OBSERVED, ...OF_CONTROL] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** What somebody asked for, or has to answer for. */
export const CONTROL_KINDS: ReadonlySet<ChangeKind> = new Set(OF_CONTROL);

/** Something that happened at a moment, which latency before and after can be compared around. */
export const Change = Type.Object({
  /** Rises; `#118` on the pages. Stable across restarts. */
  number: Type.Integer({ minimum: 1 }),
  time: Time,
  kind: literals(CHANGE_KINDS),
  /** Node, workload (`namespace/name`) or edge (`namespace/name > namespace/name`) that it is about. */
  subject: Type.String(),
  /** Versions or states, where it has them. */
  before: Nullable(Type.String()),
  after: Nullable(Type.String()),
  /** More, in plain words: what drifted, why a node refused, how the log was broken. */
  detail: Type.Optional(Type.String()),
  /** Of changes of who may join: the operator that asked for it. */
  who: Type.Optional(Type.String()),
  /** Of changes that set an engine. */
  order: Type.Optional(
    Type.Object({
      generation: Type.Integer({ minimum: 1 }),
      setBy: literals(ENGINE_DECIDERS),
      who: Type.String(),
      reason: Type.String(),
    }),
  ),
});
export type Change = Static<typeof Change>;

/** GET /changes: newest first. */
export const ChangesQuery = Type.Intersect([
  WindowQuery,
  Type.Object({
    /** Only what touches this workload or node; with both, what touches the edge between them. */
    source: Type.Optional(Type.String({ maxLength: 512 })),
    destination: Type.Optional(Type.String({ maxLength: 512 })),
    node: Type.Optional(Type.String({ maxLength: 512 })),
    /** Comma-separated kinds; default all. */
    kind: Type.Optional(Type.String({ maxLength: 512 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 512 })),
  }),
]);
export type ChangesQuery = Static<typeof ChangesQuery>;
export const Changes = Type.Object({ items: Type.Array(Change), next: Nullable(Type.String()) });
export type Changes = Static<typeof Changes>;
