// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { ENGINES } from './names.js';
import { Count, literals, Nullable, Time } from './shape.js';

/**
 * Mode control: which engine a node is asked to run (desired), and which one its kernel says it runs (observed). Orders
 * are numbered per node: a generation is never given twice, and an agent takes none that is older than its newest.
 */

/** Label of a node that settles its engine before anybody else can. */
export const ENGINE_LABEL = 'undermesh.io/engine';
/** Records have 16 bits for a generation. 0 is the agent's own configuration, before any order. */
export const LAST_GENERATION = 65_535;
const Generation = Type.Integer({ minimum: 0, maximum: LAST_GENERATION });

/** Labels of a node, as Kubernetes knows them. */
export const Labels = Type.Record(Type.String({ maxLength: 317 }), Type.String({ maxLength: 253 }), {
  maxProperties: 256,
});
export type Labels = Static<typeof Labels>;

/** Why an engine cannot run on a node, by engine; those that can are absent. */
export const Unavailable = Type.Unsafe<{ [Name in (typeof ENGINES)[number]]?: string }>(
  Type.Partial(Type.Object(Object.fromEntries(ENGINES.map((name) => [name, Type.String()])))),
);
export type Unavailable = Static<typeof Unavailable>;

/** One hook of an engine over all enrolled cgroups, as the kernel has it. */
export const EngineHook = Type.Object({
  name: Type.String(),
  /** Links that there ought to be. */
  expected: Count,
  /** Links that are attached, with the program that ought to be there. */
  attached: Count,
});
export type EngineHook = Static<typeof EngineHook>;

/** Open connections that an earlier generation steered. */
export const Draining = Type.Object({
  generation: Generation,
  /** `null`: nobody remembers what that generation was. */
  engine: Nullable(literals(ENGINES)),
  connections: Count,
});
export type Draining = Static<typeof Draining>;

/** Frame `command`: an order to a node's agent, down the agent's own connection, again after every reconnect. */
export const Command = Type.Object({
  generation: Type.Integer({ minimum: 1, maximum: LAST_GENERATION }),
  engine: literals(ENGINES),
  /** By the collector's clock. An agent that reads it later refuses: it is sent anew if it is still wanted. */
  deadline: Time,
});
export type Command = Static<typeof Command>;

/** The label {@link ENGINE_LABEL} of the Node that the mesh has for an agent's node. */
export const NodeLabel = Type.Object({
  /** Whether nodes have been told of yet. */
  known: Type.Boolean(),
  /** What it asks for; `null`: there is no such label. */
  engine: Nullable(literals(ENGINES)),
});
export type NodeLabel = Static<typeof NodeLabel>;

/**
 * What an agent says of its engine, in its hello, in every report, and at once when an order has been carried out or
 * refused. Agents from before there were engines send the first two members only.
 */
export const EngineReport = Type.Intersect([
  Type.Object({
    /** Of the newest order that was kept; without one, of the agent's configuration. */
    desired: literals(ENGINES),
    /** Read back from the kernel. */
    observed: literals(ENGINES),
  }),
  Type.Partial(
    Type.Object({
      /** In force, read back from the kernel. */
      generation: Generation,
      /** Newest order that the agent has kept on its disk. */
      desiredSeen: Generation,
      /** What the agent's configuration asks for. */
      configured: literals(ENGINES),
      /** Of an agent whose mesh tells of nodes. */
      nodeLabel: NodeLabel,
      /** What is not as it was put. Those that were put right are told for ten minutes. */
      drift: Type.Array(
        Type.Object({
          what: Type.String({ maxLength: 512 }),
          /** Unix time, ms; the largest that a date can have. */
          sinceMs: Type.Number({ minimum: 0, maximum: 8.64e15 }),
          mended: Type.Boolean(),
        }),
        { maxItems: 64 },
      ),
      unavailable: Unavailable,
      /** Open connections of the generation in force, and those of earlier ones. */
      connections: Count,
      draining: Type.Array(Draining, { maxItems: 256 }),
      hooks: Type.Array(EngineHook, { maxItems: 64 }),
      /** The newest order that was not carried out, unless a newer one has been. */
      refused: Type.Object({
        generation: Generation,
        engine: literals(ENGINES),
        reason: Type.String({ maxLength: 1024 }),
      }),
    }),
  ),
]);
export type EngineReport = Static<typeof EngineReport>;

/** Who decides on a node's engine, first come first: its label, then whoever used the API, then its configuration. */
export const ENGINE_DECIDERS = ['label', 'api', 'config'] as const;
export type EngineDecider = (typeof ENGINE_DECIDERS)[number];

/**
 * `in-force`: observed is what is desired. `switching`: ordered, and not yet read back. `drift`: the kernel is not as
 * the agent put it, or the order was not carried out in time. `silent`: nobody reports. `unavailable`: the node refused.
 */
export const ENGINE_STATES = ['in-force', 'switching', 'drift', 'silent', 'unavailable'] as const;
export type EngineCondition = (typeof ENGINE_STATES)[number];

/** The engine of one node: member `engine` of a node, and the answer to PUT /nodes/{name}/engine. */
export const NodeEngine = Type.Object({
  desired: literals(ENGINES),
  /** `null`: nobody has reported yet. Of a silent node: what it ran last. */
  observed: Nullable(literals(ENGINES)),
  /** Of the desired engine; 0 while only the configuration asks for one. */
  generation: Generation,
  state: literals(ENGINE_STATES),
  /** Since when it is in that state. */
  stateSince: Nullable(Time),
  /** In plain words, where there is more to say: why the node refused, what drifted. */
  detail: Nullable(Type.String()),
  setBy: literals(ENGINE_DECIDERS),
  /** Who set it: the name of an operator's token, the label, `collector`. `null`: the configuration. */
  who: Nullable(Type.String()),
  since: Nullable(Time),
  reason: Nullable(Type.String()),
  /** Its number in /changes. */
  change: Nullable(Type.Integer({ minimum: 1 })),
  /** Order to read back, of the last switch. */
  switchMs: Nullable(Count),
  drift: Type.Array(Type.Object({ what: Type.String(), since: Time, mended: Type.Boolean() })),
  unavailable: Unavailable,
  /** Open connections of the generation in force; `null`: not known. */
  connections: Nullable(Count),
  draining: Type.Array(Draining),
  hooks: Type.Array(EngineHook),
});
export type NodeEngine = Static<typeof NodeEngine>;

/** Body of PUT /nodes/{name}/engine. Needs the operator token. */
export const EngineOrder = Type.Object({
  engine: literals(ENGINES),
  /** Why; it goes into the change log. Required: without one the answer is 422 `reason_required`. */
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  /** The generation that the decision rests on: when it is no longer the node's, the answer is 409 `engine_changed`. */
  generation: Type.Optional(Generation),
});
export type EngineOrder = Static<typeof EngineOrder>;

/** Whether the change log is what was written: each line carries the hash of all before it. */
export const ChangeChain = Type.Object({
  /** Verified when the collector started, and continued since. */
  verifiedTo: Count,
  /** Where it was found broken, newest last. What follows such a place began a new chain. */
  breaks: Type.Array(
    Type.Object({ change: Type.Integer({ minimum: 1 }), time: Time, detail: Type.String() }),
  ),
});
export type ChangeChain = Static<typeof ChangeChain>;

/** GET /engines, and the live topic `engines`: whole, at once when something changed, at least every second. */
export const Engines = Type.Object({
  items: Type.Array(
    Type.Object({
      node: Type.String(),
      state: literals(['reporting', 'silent', 'never'] as const),
      lastSeenAt: Nullable(Time),
      labels: Labels,
      engine: NodeEngine,
    }),
  ),
  next: Nullable(Type.String()),
  chain: ChangeChain,
});
export type Engines = Static<typeof Engines>;

/** GET /session: who the request's token or cookie belongs to. Only an operator may write. */
export const BrowserSession = Type.Object({ operator: Nullable(Type.String()) });
export type BrowserSession = Static<typeof BrowserSession>;
