// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { type Client, clientOf } from './client.js';
import type { Counts } from './counts.js';
import type { Assignment } from './plan.js';

/** What a service has at hand. */
export interface Context {
  readonly assignment: Assignment;
  readonly counts: Counts;
  /** A client of another service; `connections` kept alive, 0 for a new one each time. */
  client(service: string, connections: number): Client;
}

/** A service runs until its process ends. */
export type Service = (context: Context) => Promise<void>;

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function contextOf(assignment: Assignment, counts: Counts): Context {
  return {
    assignment,
    counts,
    client: (service, connections) => clientOf(service, { assignment, counts, connections }),
  };
}

/** Serves HTTP on the workload's own addresses, and says who did. A handler that throws answers 502. */
export async function serve({ assignment, counts }: Context, handler: Handler): Promise<readonly Server[]> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    counts.served += 1;
    response.setHeader('x-served-by', assignment.workload.id);
    request.resume();
    handler(request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
  };
  const servers = addressesOf(assignment).map(() => createServer({ keepAliveTimeout: 15_000 }, onRequest));
  for (const server of servers) server.on('connection', () => (counts.accepted += 1));
  await listenOn(assignment, servers);
  return servers;
}

/** Binds one server to each of the workload's addresses. */
export async function listenOn(assignment: Assignment, servers: readonly NetServer[]): Promise<void> {
  const { port } = assignment.place;
  const addresses = addressesOf(assignment);
  await Promise.all(
    servers.map(
      (server, index) =>
        new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen({ host: addresses[index], port, ipv6Only: true }, () => {
            server.off('error', reject);
            resolve();
          });
        }),
    ),
  );
}

/** The addresses that a workload listens on. */
export function addressesOf({ place }: Assignment): string[] {
  return place.ipv6 === undefined ? [place.ipv4] : [place.ipv4, place.ipv6];
}

/** Answers with a text. */
export function reply(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
