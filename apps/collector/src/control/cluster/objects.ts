// SPDX-License-Identifier: Apache-2.0

import type { Logger } from '@undermesh/core';
import {
  type ClusterConnection,
  ClusterError,
  type ClusterObject,
  clusterObjectOf,
  type Patience,
  pathOf,
  Reflector,
  type Resource,
} from '@undermesh/mesh/cluster';

/** What is asked of the API server has to be answered within this, ms. */
const ANSWER_MS = 5_000;

/** Objects of one kind in one namespace: read, written with optimistic concurrency, and followed. */
export class Objects {
  readonly #connection: ClusterConnection;
  readonly #resource: Resource;

  constructor(connection: ClusterConnection, resource: Omit<Resource, 'kind' | 'optional'>) {
    this.#connection = connection;
    this.#resource = { ...resource, kind: resource.objectKind, optional: false };
  }

  /** `null`: there is none of that name. Throws ClusterError, or what kept it from being answered; so do all others. */
  async get(name: string): Promise<ClusterObject | null> {
    try {
      return this.#told(await this.#connection.get({ path: `${this.#path}/${name}`, ...asking() }));
    } catch (error) {
      if (isStatus(error, 404)) return null;
      throw error;
    }
  }

  /** All that carry a label, as they are at this moment. */
  async list(labelSelector: string): Promise<readonly ClusterObject[]> {
    const answer = await this.#connection.get({ path: this.#path, query: { labelSelector }, ...asking() });
    const { items } = answer as { readonly items?: readonly unknown[] };
    return (items ?? []).map((item) => this.#told(item));
  }

  /** Throws ClusterError 409 where there is one of that name. */
  async create(object: object): Promise<ClusterObject> {
    const { apiVersions, objectKind: kind } = this.#resource;
    const body = { apiVersion: apiVersions[0], kind, ...object };
    return this.#told(await this.#connection.write({ method: 'POST', path: this.#path, body, ...asking() }));
  }

  /** Throws ClusterError 409 where it is not the newest version that is replaced. */
  async replace(object: { readonly metadata: { readonly name: string } }): Promise<ClusterObject> {
    const { apiVersions, objectKind: kind } = this.#resource;
    const body = { apiVersion: apiVersions[0], kind, ...object };
    const path = `${this.#path}/${object.metadata.name}`;
    return this.#told(await this.#connection.write({ method: 'PUT', path, body, ...asking() }));
  }

  async delete(name: string): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions' };
    try {
      await this.#connection.write({ method: 'DELETE', path: `${this.#path}/${name}`, body, ...asking() });
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
  }

  /** A reflector, not yet started. */
  follow(of: {
    readonly query: Readonly<Record<string, string>>;
    readonly sink: {
      replace(objects: readonly ClusterObject[]): void;
      put(object: ClusterObject): void;
      remove(object: ClusterObject): void;
    };
    readonly patience: Patience;
    readonly log: Logger;
    readonly onState?: () => void;
  }): Reflector {
    return new Reflector({
      onState: () => {},
      ...of,
      connection: this.#connection,
      resource: this.#resource,
    });
  }

  get #path(): string {
    return pathOf(this.#resource.apiVersions[0], this.#resource);
  }

  #told(value: unknown): ClusterObject {
    const { apiVersions, objectKind: kind } = this.#resource;
    return clusterObjectOf(value, { kind, apiVersion: apiVersions[0] });
  }
}

/** Whether the API server answered with this status. */
export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ClusterError && error.status === status;

const asking = (): { readonly signal: AbortSignal; readonly silenceMs: number } => ({
  signal: AbortSignal.timeout(ANSWER_MS),
  silenceMs: ANSWER_MS,
});
