// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

/** Path parameters of what is about one node. */
export const NodeParams = Type.Object({ name: Type.String({ maxLength: 253 }) });
export type NodeParams = Static<typeof NodeParams>;
