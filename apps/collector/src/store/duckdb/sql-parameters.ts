// SPDX-License-Identifier: Apache-2.0
import {
  BIGINT,
  type DuckDBConnection,
  type DuckDBMaterializedResult,
  type DuckDBType,
  type DuckDBValue,
  LIST,
  listValue,
  UBIGINT,
  UINTEGER,
} from '@duckdb/node-api';

const TYPES = { BIGINT, UBIGINT, UINTEGER } as const;
export type ParameterType = keyof typeof TYPES;

/** Above it a list becomes one bound list, below it one parameter per value, which DuckDB plans better. */
const INLINE_VALUES = 64;

/** Collects the bound parameters of one statement. Input never becomes SQL text. */
export class SqlParameters {
  readonly #values: Record<string, DuckDBValue> = {};
  readonly #types: Record<string, DuckDBType> = {};
  #count = 0;

  /** The placeholder of a value. */
  bind(type: ParameterType, value: bigint | number): string {
    const name = `p${++this.#count}`;
    this.#values[name] = type === 'UINTEGER' ? Number(value) : BigInt(value);
    this.#types[name] = TYPES[type];
    return `$${name}`;
  }

  /** `column IN (...)`; `false` for an empty list. */
  in(column: string, type: ParameterType, values: readonly (bigint | number)[]): string {
    if (values.length === 0) return 'false';
    if (values.length <= INLINE_VALUES) {
      return `${column} IN (${values.map((value) => this.bind(type, value)).join(', ')})`;
    }
    const name = `p${++this.#count}`;
    this.#values[name] = listValue(
      values.map((value) => (type === 'UINTEGER' ? Number(value) : BigInt(value))),
    );
    this.#types[name] = LIST(TYPES[type]);
    return `${column} IN (SELECT unnest($${name}))`;
  }

  /** Runs a statement with those of the parameters that it mentions: DuckDB refuses others. */
  run(connection: DuckDBConnection, sql: string): Promise<DuckDBMaterializedResult> {
    const values: Record<string, DuckDBValue> = {};
    const types: Record<string, DuckDBType> = {};
    for (const [, name] of sql.matchAll(/\$(p\d+)/g)) {
      if (name === undefined) continue;
      values[name] = this.#values[name] ?? null;
      types[name] = this.#types[name] ?? BIGINT;
    }
    return connection.run(sql, values, types);
  }
}
