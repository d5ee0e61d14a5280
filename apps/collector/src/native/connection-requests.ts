// SPDX-License-Identifier: Apache-2.0
import type { Connection, ConnectionRequest, NativeRoute } from '@undermesh/schema';
import { toTime } from '../aggregate/mesh-view.js';
import type { RecordStore } from '../store/store.js';
import type { NativeBook } from './native-book.js';

/** Of one connection, so many requests are told. */
const SHOWN = 50;
/** Records of requests come after their connection's closing one, and clocks differ. */
const MARGIN_MS = 30_000;

/** The latest requests of a connection, newest first, each with the route that it took. */
export async function connectionRequests(
  store: Pick<RecordStore, 'requests'>,
  native: NativeBook,
  connection: Connection,
): Promise<ConnectionRequest[]> {
  const ended = connection.endedAt === null ? Date.now() : Date.parse(connection.endedAt);
  const requests = await store.requests({
    id: connection.id,
    fromMs: Date.parse(connection.openedAt) - MARGIN_MS,
    toMs: ended + MARGIN_MS,
    limit: SHOWN,
  });
  if (requests.length === 0) return [];
  const rows = new Map<number, NativeRoute[]>();
  for (const [, { report }] of native.nodes()) {
    for (const row of report.routes) {
      const known = rows.get(row.number);
      if (known === undefined) rows.set(row.number, [row]);
      else known.push(row);
    }
  }
  return requests.map(({ reportedMs, route, ...request }) => ({
    reportedAt: toTime(reportedMs),
    ...request,
    route: route === 0 ? null : routeOf(route, { rows: rows.get(route) ?? [], connection }),
  }));
}

/** What nodes say of a number, and which of its backends the connection went to. */
function routeOf(
  number: number,
  { rows, connection: { service } }: { rows: readonly NativeRoute[]; connection: Connection },
): NonNullable<ConnectionRequest['route']> {
  const first = rows[0];
  const taken =
    service === null
      ? undefined
      : rows.find(({ backend }) => backend?.replace(/:\d+$/, '') === `${service.namespace}/${service.name}`);
  return {
    number,
    route: first?.route ?? null,
    rule: first?.rule ?? null,
    match: first?.match ?? null,
    backend: taken?.backend ?? null,
    weight: taken?.weight ?? null,
  };
}
