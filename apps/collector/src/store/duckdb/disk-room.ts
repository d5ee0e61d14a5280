// SPDX-License-Identifier: Apache-2.0
// Whether the disk has room for more: a reserve is kept, so that DuckDB can go on with what it holds.
import { statfsSync } from 'node:fs';
import type { DuckdbOptions } from './options.js';
import type { FrameMessage } from './protocol.js';
import { StoreError } from './store-failure.js';

/** Bytes a row may take on disk once it is filed, while it is in the journal too. */
const ROW_OVERHEAD = 64;

/** Where the store lies, and how many bytes of its disk it leaves free. */
type Room = Pick<DuckdbOptions, 'directory' | 'reserveBytes'>;

/** Whether more than the reserve is free. */
export const hasRoom = ({ directory, reserveBytes }: Room): boolean => freeBytes(directory) > reserveBytes;

/** Throws StoreError `store_full` when these frames would leave less than the reserve. */
export function refuseWithoutRoom({ directory, reserveBytes }: Room, frames: readonly FrameMessage[]): void {
  const bytes = frames.reduce((sum, { count, recordBytes }) => sum + count * (recordBytes + ROW_OVERHEAD), 0);
  const free = freeBytes(directory);
  const needed = reserveBytes + bytes;
  if (free >= needed) return;
  throw new StoreError(
    'store_full',
    `the disk of ${directory} has ${Math.floor(free / 1048576)} MiB left, ${Math.ceil(needed / 1048576)} MiB are needed: ` +
      'free space or lower the byte cap; it goes on by itself',
  );
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
