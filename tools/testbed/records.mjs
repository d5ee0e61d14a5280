// SPDX-License-Identifier: Apache-2.0
// The records of a collector that is stopped, read from its files past the collector.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** Values of `event` and `reporter`, see bpf/include/abi.h. */
export const CLOSED = 3;
export const FAILED = 4;
export const SOURCE = 1;
export const DESTINATION = 2;

/**
 * Opens the record files read-only, as one view `ends`.
 * @param {string} directory
 * @returns {Promise<{ rows: (sql: string) => Promise<any[]>, one: (sql: string) => Promise<any>, close: () => void }>}
 *   `rows` answers objects, `one` the first value of the first row; 64-bit integers come as numbers
 */
export async function openRecords(directory) {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const files = readdirSync(directory).filter((name) => /^records-\d+\.duckdb$/.test(name));
  const parts = [];
  for (const [index, file] of files.entries()) {
    await connection.run(`ATTACH '${join(directory, file)}' AS s${index} (READ_ONLY)`);
    for (const table of ['ends', 'ends_tail']) parts.push(`SELECT * FROM s${index}.${table}`);
  }
  await connection.run(`CREATE TEMP VIEW ends AS ${parts.join(' UNION ALL ')}`);
  const rows = async (sql) => {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjects().map((row) => {
      return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
    });
  };
  return {
    rows,
    one: async (sql) => Object.values((await rows(sql))[0] ?? {})[0],
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

// Counts and sums fit a number here; halves of addresses do not and stay what they are.
const plain = (value) =>
  typeof value === 'bigint' &&
  value <= BigInt(Number.MAX_SAFE_INTEGER) &&
  value >= -BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
