// SPDX-License-Identifier: Apache-2.0
import { messageOf, UndermeshError } from '@undermesh/core';

/** Codes that a store fails with; docs/errors.md explains each. */
export type StoreErrorCode = 'store_full' | 'store_unavailable' | 'store_corrupt';

const STATUS: Readonly<Record<StoreErrorCode, number>> = {
  store_full: 507,
  store_unavailable: 503,
  store_corrupt: 503,
};

/** A failure of the store, with what to do about it. */
export class StoreError extends UndermeshError {
  override readonly name = 'StoreError';
  declare readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super({ code, message, status: STATUS[code], cause });
  }
}

const FULL =
  /no space left|not enough space|disk (is )?full|out of disk|could not write all bytes|ENOSPC|EDQUOT/i;
const LOCKED = /could not set lock|conflicting lock/i;
const DENIED = /permission denied|read-only file system|EACCES|EROFS/i;
const CORRUPT =
  /corrupt|checksum|not a valid duckdb|serializ|different.*version|magic bytes|failed to (load|read)|could not read/i;

export const isDiskFull = (thrown: unknown): boolean => FULL.test(messageOf(thrown));

/** What a failure to open a segment file means and what to do. */
export function openFailure(path: string, thrown: unknown): StoreError {
  const why = messageOf(thrown);
  if (FULL.test(why)) {
    return new StoreError(
      'store_full',
      `cannot open ${path}: the disk is full. Free space and start again.`,
      thrown,
    );
  }
  if (LOCKED.test(why)) {
    return new StoreError(
      'store_unavailable',
      `cannot open ${path}: another process has it open. Stop the other collector, or give this one another directory.`,
      thrown,
    );
  }
  if (DENIED.test(why)) {
    return new StoreError(
      'store_unavailable',
      `cannot open ${path}: ${why}. Give the collector's user the right to write there.`,
      thrown,
    );
  }
  return new StoreError(
    'store_corrupt',
    `cannot read ${path}: ${why}. Nothing was changed. Restore the file from a backup, or move it and its .wal file ` +
      'out of the directory and start again: the records in it are then missing, all others stay.',
    thrown,
  );
}

/** What a failure while running means. */
export function runFailure(doing: string, thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const why = messageOf(thrown);
  if (FULL.test(why))
    return new StoreError(
      'store_full',
      `${doing}: the disk is full. Free space; it goes on by itself.`,
      thrown,
    );
  if (CORRUPT.test(why)) {
    return new StoreError(
      'store_corrupt',
      `${doing}: ${why}. Restore the file from a backup or move it away.`,
      thrown,
    );
  }
  return new StoreError('store_unavailable', `${doing}: ${why}`, thrown);
}
