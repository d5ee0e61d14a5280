// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  appendConnections,
  type ConnectionList,
  firstConnections,
  takeConnections,
} from '@/domain/connection-list';
import { connection } from '../fixtures';

const list: ConnectionList = {
  shown: [connection('b', 20), connection('a', 10)],
  waiting: [],
  complete: false,
};
const ids = (rows: readonly { id: string }[]): string => rows.map(({ id }) => id).join(' ');

describe('the live table', () => {
  it('puts new connections on top', () => {
    expect(ids(takeConnections(list, [connection('c', 30)], false).shown)).toBe('c b a');
  });

  it('lets them wait while it is held, and shows them afterwards', () => {
    const held = takeConnections(list, [connection('c', 30)], true);
    expect(ids(held.shown)).toBe('b a');
    expect(ids(held.waiting)).toBe('c');
    const shown = takeConnections(held, [], false);
    expect(ids(shown.shown)).toBe('c b a');
    expect(shown.waiting).toEqual([]);
  });

  it('changes rows in place, held or not', () => {
    const closed = connection('a', 10, { state: 'closed', reason: 'local_fin' });
    expect(takeConnections(list, [closed], true).shown[1]?.state).toBe('closed');
  });

  it('stays the same object when nothing is new', () => {
    const closed: ConnectionList = {
      ...list,
      shown: [connection('a', 10, { state: 'closed' })],
    };
    expect(takeConnections(closed, [connection('a', 10, { state: 'closed' })], false)).toBe(closed);
  });

  it('leaves out what is older than the page that is loaded', () => {
    expect(ids(takeConnections(list, [connection('old', 1)], false).shown)).toBe('b a');
  });

  it('takes in what opened earlier but is heard of later, when everything is loaded', () => {
    const all = firstConnections({ items: [connection('b', 20)], next: null });
    expect(ids(takeConnections(all, [connection('timed-out', 1)], false).shown)).toBe('b timed-out');
  });

  it('goes by the opening, also where the API goes by the end', () => {
    const byEnd = [connection('long', 5), connection('b', 20), connection('a', 10)];
    expect(ids(firstConnections({ items: byEnd, next: null }).shown)).toBe('b a long');
  });

  it('appends older pages without doubles', () => {
    expect(
      ids(appendConnections(list, { items: [connection('a', 10), connection('z', 5)], next: null }).shown),
    ).toBe('b a z');
  });
});
