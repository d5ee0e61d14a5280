// SPDX-License-Identifier: Apache-2.0
import { CollectorError } from '../errors.js';

/** A cursor that goes on at an offset of a list that is made anew for every page. */
export const offsetCursor = (offset: number): string => Buffer.from(`o${offset}`).toString('base64url');

/** The offset of a cursor, 0 without one. Throws CollectorError `cursor_invalid`. */
export function cursorOffset(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const offset = /^o(\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  if (offset === undefined) throw new CollectorError('cursor_invalid', 'Begin again without `cursor`.');
  return Number(offset);
}
