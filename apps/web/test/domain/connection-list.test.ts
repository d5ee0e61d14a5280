// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  appendConnections,
  type ConnectionList,
  firstConnections,
  takeConnections,
} from '@/domain/connection-list';
import { connection } from '../fixtures';

const list: ConnectionList = { shown: [connection('b', 20), connection('a', 10)], waiting: [] };
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
    const closed: ConnectionList = { shown: [connection('a', 10, { state: 'closed' })], waiting: [] };
    expect(takeConnections(closed, [connection('a', 10, { state: 'closed' })], false)).toBe(closed);
  });

  it('leaves out what is older than the page that is loaded', () => {
    expect(ids(takeConnections(list, [connection('old', 1)], false).shown)).toBe('b a');
  });

  it('goes by the opening, also where the API goes by the end', () => {
    const byEnd = [connection('long', 5), connection('b', 20), connection('a', 10)];
    expect(ids(firstConnections(byEnd).shown)).toBe('b a long');
  });

  it('appends older pages without doubles', () => {
    expect(ids(appendConnections(list, [connection('a', 10), connection('z', 5)]).shown)).toBe('b a z');
  });
});
