// SPDX-License-Identifier: Apache-2.0
//
// As much of a Kubernetes API server as lists, watches and writes of single objects need: TLS with an authority of its own, a bearer token, pages,
// resource versions that rise over all kinds, watches that begin at one, bookmarks, a history that can be forgotten (410),
// and what goes wrong with all of that when a test asks for it.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificates, makeCertificates, writeKubeconfig } from './certificates.js';
import {
  bodyOf,
  CLUSTER_WIDE,
  type KubernetesObject,
  keyOf,
  type Place,
  placeOf,
  pluralOf,
  preconditionsOf,
  type Select,
  selectOf,
} from './questions.js';

export type { KubernetesObject } from './questions.js';

interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly plural: string;
  readonly version: number;
  readonly object: KubernetesObject;
  /** Of which it is another version. */
  readonly before?: KubernetesObject | undefined;
}

interface Watcher {
  readonly plural: string;
  readonly response: ServerResponse;
  readonly select: Select;
}

/** A question that was asked. */
export interface Asked {
  readonly method: string;
  readonly plural: string;
  /** Of one object. */
  readonly name?: string | undefined;
  readonly watch: boolean;
  readonly query: URLSearchParams;
}

/** What a test has a question answered with: a status, or nothing at all until it is let go. */
export type Fault = (asked: Asked) => number | Promise<void> | undefined;

const TOKEN = 'let-me-in';

export class ApiServer {
  readonly kubeconfig: string;
  readonly asked: Asked[] = [];
  /** Whether the Gateway API is installed. */
  gatewayApi = true;
  fault: Fault | undefined;
  /** The status of a TokenReview with this spec. */
  review: ((spec: { readonly token: string; readonly audiences: readonly string[] }) => object) | undefined;
  readonly #directory: string;
  readonly #certificates: Certificates;
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #watchers = new Set<Watcher>();
  readonly #pages = new Map<string, { readonly version: number; readonly objects: KubernetesObject[] }>();
  #history: Event[] = [];
  #version = 1_000;
  #forgotten = 0;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #token = TOKEN;
  #isHangingUp = false;

  private constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), 'undermesh-api-server-'));
    this.#certificates = makeCertificates(this.#directory);
    this.kubeconfig = join(this.#directory, 'kubeconfig');
  }

  static async start(objects: readonly KubernetesObject[] = []): Promise<ApiServer> {
    const server = new ApiServer();
    for (const object of objects) server.apply(object);
    await server.begin();
    return server;
  }

  /** Listens, if it does not yet, at the same port every time. */
  async begin(): Promise<void> {
    if (this.#server !== undefined) return;
    const { certificate, key, authority } = this.#certificates;
    const server = createServer({ cert: certificate, key }, (request, response) => {
      void this.#answer(request, response);
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((listening) => server.listen(this.#port, '127.0.0.1', listening));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    writeKubeconfig(this.#directory, { server: `https://127.0.0.1:${this.#port}`, authority, token: TOKEN });
  }

  /** As if it were killed: what it stores stays. */
  async end(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#watchers.clear();
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.#directory, { recursive: true });
  }

  get watches(): number {
    return this.#watchers.size;
  }

  /** Writes what a pod would find of its service account; only `token` is right from now on. */
  serviceAccount(token = TOKEN): { readonly server: string; readonly directory: string } {
    this.#token = token;
    writeFileSync(join(this.#directory, 'token'), `${token}\n`);
    return { server: `https://127.0.0.1:${this.#port}`, directory: this.#directory };
  }

  /** Creates or changes; metadata that is not given stays. Returns it as stored. */
  apply(object: KubernetesObject): KubernetesObject {
    const { metadata } = this.#objects.get(keyOf(object)) ?? {};
    return this.replace({ ...object, metadata: { ...metadata, ...object.metadata } });
  }

  /** Creates or replaces; returns it as stored. */
  replace(object: KubernetesObject): KubernetesObject {
    const plural = pluralOf(object);
    const key = keyOf(object);
    const old = this.#objects.get(key);
    const stored: KubernetesObject = {
      ...object,
      metadata: {
        uid: old?.metadata.uid ?? randomUUID(),
        ...object.metadata,
        ...(CLUSTER_WIDE.includes(plural) ? {} : { namespace: object.metadata.namespace ?? 'default' }),
        resourceVersion: String(++this.#version),
      },
    };
    this.#objects.set(key, stored);
    const type = old === undefined ? 'ADDED' : 'MODIFIED';
    this.#tell({ type, plural, version: this.#version, object: stored, before: old });
    return stored;
  }

  delete(object: KubernetesObject): void {
    const old = this.#objects.get(keyOf(object));
    if (old === undefined) throw new Error(`there is no ${keyOf(object)}`);
    this.#objects.delete(keyOf(object));
    const metadata = { ...old.metadata, resourceVersion: String(++this.#version) };
    const event = { type: 'DELETED', plural: pluralOf(object), version: this.#version } as const;
    this.#tell({ ...event, object: { ...old, metadata } });
  }

  /** Deletes and creates at once whatever differs from `objects`. */
  become(objects: readonly KubernetesObject[]): void {
    const keys = new Set(objects.map(keyOf));
    for (const [key, object] of this.#objects) if (!keys.has(key)) this.delete(object);
    for (const object of objects) this.apply(object);
  }

  stored(object: KubernetesObject): KubernetesObject | undefined {
    return this.#objects.get(keyOf(object));
  }

  /** Sends a watch whatever a test likes, such as an event once more. */
  send(type: Event['type'], object: KubernetesObject): void {
    for (const watcher of this.#watchers)
      if (watcher.plural === pluralOf(object)) write(watcher, { type, object });
  }

  bookmark(): void {
    for (const watcher of this.#watchers) {
      const metadata = { name: '', resourceVersion: String(this.#version), creationTimestamp: null };
      write(watcher, { type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'Bookmark', metadata } });
    }
  }

  /** Breaks watches off in mid-air. */
  cutWatches(): void {
    for (const { response } of this.#watchers) response.socket?.destroy();
    this.#watchers.clear();
  }

  /** Ends watches in order, as at their timeout. */
  endWatches(): void {
    for (const { response } of this.#watchers) response.end();
    this.#watchers.clear();
  }

  /** Breaks the connection of the next write off once it is stored, in the place of an answer. */
  hangUpAfterNext(): void {
    this.#isHangingUp = true;
  }

  /** Has nothing left from which a watch or a next page could go on. */
  forget(): void {
    this.#history = [];
    this.#pages.clear();
    this.#forgotten = this.#version;
    // Its own version goes on by itself: other kinds are written to all the time.
    this.#version++;
  }

  /** Is put back from a backup: versions begin lower than they had come. */
  goBack(by: number): void {
    this.#history = [];
    this.#pages.clear();
    this.#version -= by;
    this.#forgotten = this.#version;
    for (const [key, object] of this.#objects) {
      const resourceVersion = String(Number(object.metadata.resourceVersion) - by);
      this.#objects.set(key, { ...object, metadata: { ...object.metadata, resourceVersion } });
    }
  }

  #tell(event: Event): void {
    this.#history.push(event);
    for (const watcher of this.#watchers) show(watcher, event);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://127.0.0.1');
    const place = placeOf(url.pathname);
    const query = url.searchParams;
    const asked = { method: request.method ?? '', ...place, watch: query.has('watch'), query };
    this.asked.push(asked);
    const body = await bodyOf(request);
    if (request.headers.authorization !== `Bearer ${this.#token}`) {
      refuse(response, 401, 'Unauthorized');
      return;
    }
    const isGatewayApi = url.pathname.startsWith('/apis/gateway.networking.k8s.io/');
    if (isGatewayApi && !this.gatewayApi) {
      refuse(response, 404, '404 page not found');
      return;
    }
    const fault = this.fault?.(asked);
    if (typeof fault === 'number') {
      refuse(response, fault, `injected ${fault}`);
      return;
    }
    await fault;
    if (asked.plural === 'tokenreviews' && this.review !== undefined) {
      const status = this.review(body.spec as { token: string; audiences: string[] });
      response
        .writeHead(201, { 'content-type': 'application/json' })
        .end(JSON.stringify({ ...body, status }));
    } else if (asked.method !== 'GET') this.#write(asked.method, { ...place, body }, response);
    else if (place.name !== undefined) this.#get(place, response);
    else if (asked.watch) this.#watch(place, query, response);
    else this.#list(url.pathname, query, response);
  }

  #find({ plural, namespace, name }: Place): KubernetesObject | undefined {
    return [...this.#objects.values()].find(
      (object) =>
        pluralOf(object) === plural &&
        object.metadata.name === name &&
        (namespace === undefined || object.metadata.namespace === namespace),
    );
  }

  #get(place: Place, response: ServerResponse): void {
    const object = this.#find(place);
    if (object === undefined) refuse(response, 404, `${place.plural} "${place.name}" not found`, 'NotFound');
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(object));
  }

  /** With optimistic concurrency: who gives a resource version has to give the newest. */
  #write(
    method: string,
    { body, ...place }: Place & { readonly body: KubernetesObject },
    response: ServerResponse,
  ): void {
    const old = this.#find({ ...place, name: place.name ?? body.metadata.name });
    const { resourceVersion } = method === 'DELETE' ? preconditionsOf(body) : body.metadata;
    if (method === 'POST' && old !== undefined) {
      refuse(response, 409, `"${body.metadata.name}" already exists`, 'AlreadyExists');
    } else if (method !== 'POST' && old === undefined) {
      refuse(response, 404, `${place.plural} "${place.name}" not found`, 'NotFound');
    } else if (resourceVersion !== undefined && resourceVersion !== old?.metadata.resourceVersion) {
      refuse(response, 409, `the object has been modified`, 'Conflict');
    } else if (old?.immutable === true && method === 'PUT') {
      refuse(response, 422, 'field is immutable when `immutable` is set', 'Invalid');
    } else {
      let stored = old;
      if (method === 'DELETE') this.delete(old as KubernetesObject);
      else stored = this.replace(body);
      if (this.#isHangingUp) {
        this.#isHangingUp = false;
        response.socket?.destroy();
        return;
      }
      const code = method === 'POST' ? 201 : 200;
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(stored));
    }
  }

  #list(path: string, query: URLSearchParams, response: ServerResponse): void {
    const token = query.get('continue');
    const least = Number(query.get('resourceVersion') ?? 0);
    if (least > this.#version) {
      refuse(response, 504, `Too large resource version: ${least}`);
      return;
    }
    const plural = path.split('/').at(-1) ?? '';
    const { namespace } = placeOf(path);
    const select = selectOf(query, namespace);
    const begun = token === null ? undefined : this.#pages.get(token);
    if (token !== null && begun === undefined) {
      refuse(response, 410, 'The provided continue parameter is too old');
      return;
    }
    const { version, objects } = begun ?? {
      version: this.#version,
      objects: [...this.#objects.values()].filter((object) => pluralOf(object) === plural && select(object)),
    };
    const limit = Number(query.get('limit') ?? 0) || objects.length;
    const next = objects.length > limit ? randomUUID() : undefined;
    if (next !== undefined) this.#pages.set(next, { version, objects: objects.slice(limit) });
    const [first] = objects;
    const list = {
      apiVersion: path
        .slice(path.startsWith('/apis/') ? 6 : 5)
        .replace(`/${plural}`, '')
        .replace(/\/namespaces\/.*/, ''),
      kind: `${first?.kind ?? ''}List`,
      metadata: { resourceVersion: String(version), ...(next === undefined ? {} : { continue: next }) },
      // As a server sends them: objects in lists do not say what they are.
      items: objects.slice(0, limit).map(({ apiVersion: _, kind: __, ...rest }) => rest),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
  }

  #watch({ plural, namespace }: Place, query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion') ?? 0);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watcher = { plural, response, select: selectOf(query, namespace) };
    if (from < this.#forgotten) {
      const status = {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: `too old resource version: ${from}`,
      };
      write(watcher, { type: 'ERROR', object: status as unknown as KubernetesObject });
      response.end();
      return;
    }
    for (const event of this.#history) if (event.version > from) show(watcher, event);
    this.#watchers.add(watcher);
    const seconds = Number(query.get('timeoutSeconds') ?? 300);
    const timer = setTimeout(() => response.end(), seconds * 1_000).unref();
    response.on('close', () => {
      clearTimeout(timer);
      this.#watchers.delete(watcher);
    });
  }
}

/** A watch sees an object come when it is one of those asked for, and go when it is one no longer. */
function show(watcher: Watcher, event: Event): void {
  const { plural, type, object, before } = event;
  if (watcher.plural !== plural) return;
  const was = before !== undefined && watcher.select(before);
  const is = watcher.select(object);
  if (type !== 'MODIFIED') {
    if (is) write(watcher, event);
  } else if (is) write(watcher, { type: was ? 'MODIFIED' : 'ADDED', object });
  else if (was) write(watcher, { type: 'DELETED', object });
}

const write = ({ response }: Watcher, { type, object }: Pick<Event, 'type' | 'object'>): void => {
  response.write(`${JSON.stringify({ type, object })}\n`);
};

function refuse(response: ServerResponse, code: number, message: string, reason = ''): void {
  const status = { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message };
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status));
}
