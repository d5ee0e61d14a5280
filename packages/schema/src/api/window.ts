// SPDX-License-Identifier: Apache-2.0
// Windows of time, and what an answer over one leaves out.
import { type Static, Type } from 'typebox';
import { Count, Time } from '../shape.js';

export const Window = Type.Object({
  from: Time,
  to: Time,
  seconds: Type.Number(),
  resolutionSeconds: Type.Number(),
});
export type Window = Static<typeof Window>;

/** What was left out of an answer, so that the reader knows. */
export const Hidden = Type.Object({
  vertices: Count,
  edges: Count,
  /** Share of connections opened in the window that the hidden edges carry, 0 to 1. */
  connectionShare: Type.Number(),
  /** Undermesh's own vertices left out by `system=false`. */
  systemVertices: Count,
  systemEdges: Count,
  /** Legs left out by `legs=false`. */
  legs: Count,
});
export type Hidden = Static<typeof Hidden>;

export const WindowQuery = Type.Object({
  /** Length of the window that ends now (or at `to`), seconds. */
  window: Type.Optional(Type.Integer({ minimum: 10, maximum: 2_678_400, default: 1800 })),
  to: Type.Optional(Time),
  /** Comma-separated; default all. */
  namespace: Type.Optional(Type.String({ maxLength: 2048 })),
  /** Include Undermesh's own traffic. */
  system: Type.Optional(Type.Boolean({ default: false })),
});
