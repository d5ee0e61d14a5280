// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import { type ConnectionsQuery, ROUTES } from '@undermesh/schema';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { OpenConnections } from '../aggregate/open-connections.js';
import { CollectorError } from '../errors.js';
import { connectionRequests } from '../native/connection-requests.js';
import type { NativeBook } from '../native/native-book.js';
import { parseFilter } from '../store/connection-filter.js';
import type { WorkloadNames } from '../store/connection-item.js';
import type { RecordStore } from '../store/store.js';
import { CSV_HEADER, csvLine } from './connection-csv.js';
import { ConnectionPages } from './connection-pages.js';
import { OpenList } from './open-list.js';

export interface ConnectionsRoutesOptions {
  readonly store: RecordStore;
  readonly open: OpenConnections;
  /** Workloads by id, as {@link OpenConnections} numbers them. */
  readonly workloads: WorkloadNames;
  /** What nodes call the routes that requests took. */
  readonly native: NativeBook;
  /** Lines of an export at most; 100,000 unless given. */
  readonly exportLimit?: number;
}

const IdParams = Type.Object({ id: Type.String({ maxLength: 64 }) });

/** /connections, also as a stream of lines, and /connections/{id}. */
export function connectionsRoutes(app: FastifyInstance, options: ConnectionsRoutesOptions): void {
  const { store, open, workloads, native } = options;
  const openList = new OpenList(open, workloads);
  const pages = new ConnectionPages(store, openList, options.exportLimit);
  app.get(
    ROUTES.connections.path,
    {
      schema: {
        summary: 'Connections, open and ended',
        querystring: ROUTES.connections.query,
        response: { 200: ROUTES.connections.answer },
      },
    },
    async (request, reply) => {
      const query = request.query as ConnectionsQuery;
      switch (query.format ?? 'json') {
        case 'json':
          return pages.page(query);
        case 'ndjson':
          return exportAs(
            reply,
            { name: 'connections.ndjson', type: 'application/x-ndjson' },
            ndjson(pages, query),
          );
        case 'csv':
          return exportAs(
            reply,
            { name: 'connections.csv', type: 'text/csv; charset=utf-8' },
            csv(pages, query),
          );
      }
    },
  );
  app.get(
    ROUTES.connection.path,
    {
      schema: {
        summary: 'One connection with what each end wrote down',
        params: IdParams,
        response: { 200: ROUTES.connection.answer },
      },
    },
    async (request) => {
      const { id } = request.params as { id: string };
      const detail = openList.find(id) ?? (await store.connection(id));
      if (detail === null) {
        throw new CollectorError(
          'not_found',
          'There is no such connection, or it is older than the retention.',
        );
      }
      const requests = await connectionRequests(store, native, detail.connection);
      return requests.length === 0 ? detail : { ...detail, requests };
    },
  );
}

/** Each line is a connection. */
async function* ndjson(pages: ConnectionPages, query: ConnectionsQuery): AsyncGenerator<string> {
  for await (const connection of pages.all(query)) yield `${JSON.stringify(connection)}\n`;
}

async function* csv(pages: ConnectionPages, query: ConnectionsQuery): AsyncGenerator<string> {
  yield CSV_HEADER;
  for await (const connection of pages.all(query)) yield csvLine(connection);
}

/** Streams lines as fast as the client reads them, and no faster. Throws what keeps the first of them from being read. */
async function exportAs(
  reply: FastifyReply,
  { name, type }: { name: string; type: string },
  lines: AsyncGenerator<string>,
): Promise<FastifyReply> {
  parseFilter(reply.request.query as ConnectionsQuery);
  const parts = blocks(lines);
  const first = await parts.next();
  return reply
    .type(type)
    .header('content-disposition', `attachment; filename="${name}"`)
    .send(Readable.from(begunWith(first, parts), { objectMode: false }));
}

async function* begunWith(
  first: IteratorResult<string>,
  rest: AsyncGenerator<string>,
): AsyncGenerator<string> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

/** Lines in blocks of some size: one write per line would cost more than the query. */
async function* blocks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let block = '';
  for await (const line of lines) {
    block += line;
    if (block.length < 65_536) continue;
    yield block;
    block = '';
  }
  if (block !== '') yield block;
}
