// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, replaceFile } from '@undermesh/core';
import { ENGINES, LAST_GENERATION } from '@undermesh/schema';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import type { AgentConfig } from '../config/schema.js';
import type { EngineName } from './control.js';

/** Generations of which the engine is remembered, for connections that are still open. */
const REMEMBERED = 64;

const Order = Type.Object({
  generation: Type.Integer({ minimum: 1, maximum: LAST_GENERATION }),
  engine: Type.Unsafe<EngineName>(Type.Enum([...ENGINES])),
});

/** The newest order, and those before it, oldest first. */
export const KeptOrder = Type.Intersect([
  Order,
  Type.Object({ earlier: Type.Array(Order, { maxItems: REMEMBERED }) }),
]);
export type KeptOrder = Static<typeof KeptOrder>;

/** Where the newest order to this agent is kept. */
export const orderFile = ({ engine, instance, node }: AgentConfig): string =>
  join(engine.directory, `${instance || node}.json`);

/** Where this agent keeps what the kernel has taken. */
export const knownObjectsFile = ({ engine, instance, node }: AgentConfig): string =>
  join(engine.directory, `${instance || node}.objects.json`);

/** Reads what was kept; `null`: nothing. What cannot be used is told to `onProblem`, and is nothing as well. */
export function readKeptOrder(file: string, onProblem: (problem: string) => void): KeptOrder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (Value.Check(KeptOrder, value)) return value;
    onProblem('it does not have the right shape');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onProblem(messageOf(error));
  }
  return null;
}

/** Makes an order the newest. */
export function following(
  former: KeptOrder | null,
  order: { readonly generation: number; readonly engine: EngineName },
): KeptOrder {
  const { generation, engine } = order;
  const earlier = former === null ? [] : [...former.earlier, pick(former)];
  return { generation, engine, earlier: earlier.slice(-REMEMBERED) };
}

const pick = ({ generation, engine }: KeptOrder): Static<typeof Order> => ({ generation, engine });

/** Writes it; resolves when it is on the disk. Rejects with what the file system says. */
export async function writeKeptOrder(file: string, order: KeptOrder): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await replaceFile(file, `${JSON.stringify(order)}\n`);
}
