// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, setLogLevel } from '@undermesh/core';
import { ManifestSource, type Mesh } from '@undermesh/mesh';
import { onTestFinished } from 'vitest';
import { WaypointRunner, type WaypointRunnerOptions } from '../../src/waypoint/index.js';

setLogLevel('silent');

/** There, of a build that this processor runs, and allowed what the tests have it do. */
export const canRun = process.getuid?.() === 0 && spawnSync('haproxy', ['-v']).status === 0;

/** Loopback addresses that no other run uses at the same time. */
const NET = `127.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}`;
export const WAYPOINT = `${NET}.1`;
export const PLAIN_PORT = 15008;
export const PROXY_PORT = 15009;

/** What a backend says of the request that it got. */
export interface Echo {
  readonly server: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly echo: Echo | null;
}

/** Endpoint address of a backend that {@link startBackend} starts. */
export const addressOf = (number: number): string => `${NET}.${10 + number}`;

/** Virtual address of a service; nobody listens there. */
export const vipOf = (number: number): string => `10.96.77.${number}`;

/** A service `sN` at {@link vipOf}, port 80, behind the waypoint, with these backends as endpoints. */
export function serviceManifest(number: number, backends: readonly number[], annotation = ''): string {
  return `---
apiVersion: v1
kind: Service
metadata:
  name: s${number}
  namespace: shop
  labels:
    istio.io/use-waypoint: way
spec:
  clusterIP: ${vipOf(number)}
  ports:
    - name: http
      port: 80
${backends
  .map(
    (backend) => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: s${number}-${backend}
  namespace: shop
  annotations: { ${annotation} }
  labels:
    kubernetes.io/service-name: s${number}
addressType: IPv4
ports:
  - name: http
    port: 8080
endpoints:
  - addresses: [${addressOf(backend)}]
`,
  )
  .join('')}`;
}

export const GATEWAY = `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: way
  namespace: shop
spec:
  gatewayClassName: undermesh-waypoint
  addresses:
    - value: ${WAYPOINT}
  listeners:
    - { name: plain, port: ${PLAIN_PORT}, protocol: HTTP }
    - { name: proxied, port: ${PROXY_PORT}, protocol: undermesh.io/PROXY }
`;

/** A route `name` of the parent, with rules as YAML that is indented by four. */
export function routeManifest(name: string, parent: string, rules: string): string {
  const head = 'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute';
  return `---\n${head}\nmetadata: { name: ${name}, namespace: shop }\nspec:\n  parentRefs: [${parent}]\n${rules}`;
}

/** `parentRefs` item of a service. */
export const ofService = (number: number): string => `{ kind: Service, group: "", name: s${number} }`;
export const ofWaypoint = '{ name: way }';

/** The mesh of some manifests; the gateway is added. */
export async function meshOf(...manifests: readonly string[]): Promise<Mesh> {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'mesh.yaml'), [GATEWAY, ...manifests].join('\n'));
  const source = new ManifestSource({ directory, log: createLogger('mesh'), settleMs: 0 });
  await source.start();
  await source.stop();
  const { mesh, problems } = source.state;
  if (mesh === null) throw new Error(JSON.stringify(problems, null, 2));
  return mesh;
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-waypoint-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A runner whose waypoints end with the test. */
export function newRunner(options: Partial<WaypointRunnerOptions> = {}): WaypointRunner {
  const runner = new WaypointRunner({
    node: 'alpha',
    zone: null,
    region: null,
    gateways: ['*'],
    directory: options.directory ?? temporaryDirectory(),
    program: 'haproxy',
    cgroup: null,
    networkNamespace: null,
    log: createLogger('waypoint'),
    watchMs: 100,
    ...options,
  });
  onTestFinished(() => runner.close({ remove: true }));
  return runner;
}

/** The only waypoint's directory within a runner's. */
export const waypointDirectory = (directory: string): string => join(directory, readdirSync(directory)[0]!);

export interface BackendOptions {
  /** Answers with these statuses first. */
  readonly statuses?: readonly number[];
  readonly delayMs?: number;
  /** Requests that a connection is good for: it is closed at the next, which stays unanswered. */
  readonly perConnection?: number;
  /** Hears of each request, answered or not. */
  readonly onRequest?: (method: string) => void;
}

/** Listens at {@link addressOf} and answers with what it got. */
export async function startBackend(
  number: number,
  { statuses = [], delayMs = 0, perConnection = Number.POSITIVE_INFINITY, onRequest }: BackendOptions = {},
): Promise<void> {
  const left = [...statuses];
  const answered = new WeakMap<Socket, number>();
  const server = createServer((request, response) => {
    const { method, url, headers, socket } = request;
    onRequest?.(method ?? '');
    const before = answered.get(socket) ?? 0;
    if (before === perConnection) return socket.destroy();
    answered.set(socket, before + 1);
    request.resume();
    request.on('end', () =>
      setTimeout(() => {
        response.writeHead(left.shift() ?? 200, { 'x-server': String(number), 'x-gone': 'not yet' });
        response.end(JSON.stringify({ server: `b${number}`, method, url, headers }));
      }, delayMs),
    );
  });
  await new Promise<void>((resolve) => server.listen(8080, addressOf(number), resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
}

/** The header of the PROXY protocol, version 2, for a connection over IPv4. */
export function proxyHeader(destination: string, port: number): Buffer {
  const bytes = (address: string): number[] => address.split('.').map(Number);
  const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
  const ports = [0x30, 0x39, port >> 8, port & 255];
  return Buffer.from([
    ...signature,
    0x21,
    0x11,
    0,
    12,
    ...bytes('192.0.2.1'),
    ...bytes(destination),
    ...ports,
  ]);
}

/** A connection through the waypoint to a virtual address. */
export function connect(destination: string, port = 80): Socket {
  const socket = createConnection(PROXY_PORT, WAYPOINT);
  socket.write(proxyHeader(destination, port));
  return socket;
}

/** Requests to service `sN`, one after the other, on one connection as long as the waypoint keeps it. */
export class KeptConnection extends Agent {
  readonly #service: number;

  constructor(service: number) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#service = service;
    onTestFinished(() => this.destroy());
  }

  override createConnection(): Socket {
    return connect(vipOf(this.#service));
  }
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly socket?: Socket;
  /** Has the connection instead of `socket`. */
  readonly agent?: Agent;
}

/** One request to service `sN`. */
export function ask(service: number, path = '/', options: AskOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, agent } = options;
  const socket = agent === undefined ? (options.socket ?? connect(vipOf(service))) : null;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        method,
        path,
        headers: { host: `s${service}`, ...headers },
        ...(socket === null ? { agent } : { createConnection: () => socket }),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('error', reject);
        response.on('end', () => {
          const echo =
            response.headers['x-server'] === undefined || text === '' ? null : (JSON.parse(text) as Echo);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, echo });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
