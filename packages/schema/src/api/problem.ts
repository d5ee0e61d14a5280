// SPDX-License-Identifier: Apache-2.0
// What an answer says when it is none.
import { type Static, Type } from 'typebox';

/** RFC 9457 problem details with a stable `code`, explained in docs/errors.md. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.Optional(Type.String()),
});
export type Problem = Static<typeof Problem>;
