// SPDX-License-Identifier: Apache-2.0
// What the collector sends as it happens.
import { type Static, Type } from 'typebox';
import { Engines } from '../engines.js';
import { Count } from '../shape.js';
import { Connection, ConnectionsQuery } from './connections.js';
import { Status } from './nodes.js';
import { Problem } from './problem.js';
import { Edge, Topology, TopologyQuery, Vertex } from './topology.js';
import { Hidden, Window } from './window.js';

/**
 * WebSocket `/api/v1/live`. The client subscribes; the server answers with a snapshot (sequence 0) and deltas numbered
 * from 1. After a gap the client subscribes again. `status` sends whole snapshots every second; `topology` sends what
 * changed every 2 s; `engines` sends whole snapshots at once when something changed, and every second; `connections` sends connections as they open and end, newest last, at most 200 a second, with the
 * number left out in `skipped`.
 */
export const LiveRequest = Type.Union([
  Type.Object({
    type: Type.Literal('subscribe'),
    id: Type.String({ maxLength: 64 }),
    topic: Type.Literal('status'),
  }),
  Type.Object({
    type: Type.Literal('subscribe'),
    id: Type.String({ maxLength: 64 }),
    topic: Type.Literal('engines'),
  }),
  Type.Object({
    type: Type.Literal('subscribe'),
    id: Type.String({ maxLength: 64 }),
    topic: Type.Literal('topology'),
    query: TopologyQuery,
  }),
  Type.Object({
    type: Type.Literal('subscribe'),
    id: Type.String({ maxLength: 64 }),
    topic: Type.Literal('connections'),
    query: ConnectionsQuery,
  }),
  Type.Object({ type: Type.Literal('unsubscribe'), id: Type.String({ maxLength: 64 }) }),
]);
export type LiveRequest = Static<typeof LiveRequest>;

export const LiveMessage = Type.Union([
  Type.Object({
    type: Type.Literal('status'),
    id: Type.String(),
    sequence: Type.Integer(),
    data: Status,
  }),
  Type.Object({
    type: Type.Literal('engines'),
    id: Type.String(),
    sequence: Type.Integer(),
    data: Engines,
  }),
  Type.Object({
    type: Type.Literal('topology'),
    id: Type.String(),
    sequence: Type.Integer(),
    data: Topology,
  }),
  Type.Object({
    type: Type.Literal('topology-delta'),
    id: Type.String(),
    sequence: Type.Integer(),
    window: Window,
    hidden: Hidden,
    missingNodes: Type.Array(Type.String()),
    vertices: Type.Array(Vertex),
    edges: Type.Array(Edge),
    removedVertices: Type.Array(Type.String()),
    removedEdges: Type.Array(Type.String()),
  }),
  Type.Object({
    type: Type.Literal('connections'),
    id: Type.String(),
    sequence: Type.Integer(),
    items: Type.Array(Connection),
    skipped: Count,
  }),
  Type.Object({ type: Type.Literal('error'), id: Type.Optional(Type.String()), problem: Problem }),
]);
export type LiveMessage = Static<typeof LiveMessage>;
