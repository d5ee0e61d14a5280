// SPDX-License-Identifier: Apache-2.0
import { createLogger, messageOf } from '@undermesh/core';
import { type ClusterConnection, ClusterError } from '@undermesh/mesh/cluster';
import { Type } from 'typebox';
import Value from 'typebox/value';

const log = createLogger('tls');
const PATIENCE_MS = 10_000;
/** Somebody may change or remove it. */
const EVERY_MS = 60_000;
const RETRY_MS = 5_000;

const ConfigMap = Type.Object({
  metadata: Type.Object({}),
  data: Type.Optional(Type.Record(Type.String(), Type.String())),
});

/**
 * Keeps the authority that agents are to trust in a ConfigMap, as `ca.crt`: pods of agents have it mounted. Needs `get`,
 * `create` and `update` of it.
 */
export class AuthorityMap {
  readonly #connection: ClusterConnection;
  readonly #namespace: string;
  readonly #name: string;
  readonly #trusted: () => string | null;
  #timer: NodeJS.Timeout | undefined;
  #problem = '';
  #stopped = false;

  /** @param place `namespace/name` */
  constructor(connection: ClusterConnection, place: string, trusted: () => string | null) {
    this.#connection = connection;
    const [namespace = '', name = ''] = place.split('/');
    this.#namespace = namespace;
    this.#name = name;
    this.#trusted = trusted;
  }

  /** Writes it in the background, again and again until it is there, and whenever it is another. */
  start(): void {
    void this.#keep();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #keep(): Promise<void> {
    let pauseMs = EVERY_MS;
    try {
      await this.#write();
      this.#problem = '';
    } catch (error) {
      pauseMs = RETRY_MS;
      const problem = messageOf(error);
      const level = problem === this.#problem ? 'debug' : 'warn';
      this.#problem = problem;
      log[level](
        { namespace: this.#namespace, name: this.#name, problem },
        'agents cannot be told whom to trust',
      );
    }
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#keep(), pauseMs).unref();
  }

  async #write(): Promise<void> {
    const authority = this.#trusted();
    if (authority === null) return;
    const found = await this.#find();
    if (found?.data?.['ca.crt'] === authority) return;
    const path = `/api/v1/namespaces/${this.#namespace}/configmaps`;
    const data = { ...found?.data, 'ca.crt': authority };
    const made = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: this.#namespace, name: this.#name },
    };
    const writing =
      found === null
        ? { method: 'POST' as const, path, body: { ...made, data } }
        : { method: 'PUT' as const, path: `${path}/${this.#name}`, body: { ...found, data } };
    await this.#connection.write({ ...writing, ...limits() });
  }

  async #find() {
    const path = `/api/v1/namespaces/${this.#namespace}/configmaps/${this.#name}`;
    try {
      const found = await this.#connection.get({ path, ...limits() });
      if (Value.Check(ConfigMap, found)) return found;
      throw new Error('the API server answered something else than a ConfigMap');
    } catch (error) {
      if (error instanceof ClusterError && error.status === 404) return null;
      throw error;
    }
  }
}

const limits = () => ({ signal: AbortSignal.timeout(PATIENCE_MS), silenceMs: PATIENCE_MS });
