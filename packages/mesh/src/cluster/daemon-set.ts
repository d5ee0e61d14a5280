// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import { type Logger, messageOf } from '@undermesh/core';
import type { ObjectName } from '../model.js';
import { type ClusterConnection, ClusterError } from './connection.js';
import { type ChosenNode, choosesNode, type NodeChoice } from './node-selection.js';
import { PATIENCE, type Patience, Reflector } from './reflector.js';
import { pathOf, type Resource } from './resources.js';
import type { ClusterObject } from './shelf.js';

/** Whether a cluster still has a DaemonSet run its pod on a node, and what says so. */
export interface Presence {
  /** `gone`: that is certain. `unknown`: nobody could say, or not for certain. */
  readonly is: 'wanted' | 'gone' | 'unknown';
  readonly why: string;
}

export interface DaemonSetWatchOptions {
  readonly connection: ClusterConnection;
  readonly daemonSet: ObjectName;
  /** What the node is called in the cluster. */
  readonly node: string;
  readonly log: Logger;
  readonly patience?: Partial<Patience>;
}

/** What is looked at of a DaemonSet. */
interface DaemonSet {
  readonly metadata?: { readonly deletionTimestamp?: string };
  readonly spec?: { readonly template?: { readonly spec?: NodeChoice } };
}

interface NodeList {
  readonly items?: readonly { readonly metadata?: { readonly labels?: Record<string, string> } }[];
}

const APPS = 'apps/v1';
/** Between two tries to ask. */
const AGAIN_MS = 250;
/** Answers that are no better a moment later. */
const FINAL = [401, 403, 404];

/**
 * Follows the DaemonSet that runs us, so that a deletion is known also when the right to ask goes with it, as `helm
 * uninstall` takes both away within a moment.
 */
export class DaemonSetWatch {
  readonly #options: DaemonSetWatchOptions;
  readonly #reflector: Reflector;
  /** Whether there ever was one: without, its name is wrong rather than it gone. */
  #seen = false;
  #deleted = false;

  constructor(options: DaemonSetWatchOptions) {
    this.#options = options;
    const { connection, daemonSet, log, patience } = options;
    this.#reflector = new Reflector({
      connection,
      resource: resourceOf(daemonSet),
      query: { fieldSelector: `metadata.name=${daemonSet.name}` },
      sink: {
        replace: (objects) => this.#take(objects[0]),
        put: (object) => this.#take(object),
        remove: () => this.#take(undefined),
      },
      patience: { ...PATIENCE, ...patience },
      log,
      onState: () => {},
    });
  }

  start(): void {
    this.#reflector.start();
  }

  stop(): Promise<void> {
    return this.#reflector.stop();
  }

  /** Whether the watch has told of it being deleted, and of none since. */
  get sawDeletion(): boolean {
    return this.#deleted;
  }

  /** Asks whether we are still wanted on this node. Resolves within about `withinMs`; never rejects. */
  async ask(withinMs: number): Promise<Presence> {
    const endMs = performance.now() + withinMs;
    for (;;) {
      const leftMs = endMs - performance.now();
      try {
        return await this.#ask(AbortSignal.timeout(Math.max(1, Math.ceil(leftMs))));
      } catch (error) {
        const isFinal = error instanceof ClusterError && FINAL.includes(error.status);
        if (isFinal || leftMs <= AGAIN_MS) return this.#unanswered(messageOf(error));
      }
      await pause(AGAIN_MS);
    }
  }

  async #ask(signal: AbortSignal): Promise<Presence> {
    const { connection, daemonSet, node } = this.#options;
    const name = nameOf(daemonSet);
    const silenceMs = PATIENCE.silenceMs;
    const path = `${pathOf(APPS, resourceOf(daemonSet))}/${daemonSet.name}`;
    let found: DaemonSet;
    try {
      found = (await connection.get({ path, signal, silenceMs })) as DaemonSet;
    } catch (error) {
      // A Status, not a page of whatever stands in the API server's place.
      const isGone = error instanceof ClusterError && error.status === 404 && error.reason === 'NotFound';
      if (!isGone) throw error;
      if (!this.#seen) return { is: 'unknown', why: `there never was a DaemonSet ${name}` };
      return { is: 'gone', why: `the DaemonSet ${name} was deleted` };
    }
    if (found.metadata?.deletionTimestamp !== undefined)
      return { is: 'gone', why: `the DaemonSet ${name} is being deleted` };
    const query = { fieldSelector: `metadata.name=${node}` };
    const nodes = (await connection.get({ path: '/api/v1/nodes', query, signal, silenceMs })) as NodeList;
    const [self] = nodes.items ?? [];
    if (self === undefined) return { is: 'unknown', why: `the cluster has no Node ${node}` };
    const here: ChosenNode = { name: node, labels: self.metadata?.labels ?? {} };
    if (choosesNode(found.spec?.template?.spec ?? {}, here))
      return { is: 'wanted', why: `the DaemonSet ${name} is there, and for this node` };
    return { is: 'gone', why: `the DaemonSet ${name} is no longer for this node` };
  }

  /** What the watch has told of holds where nobody answers. */
  #unanswered(problem: string): Presence {
    const name = nameOf(this.#options.daemonSet);
    if (this.#deleted) return { is: 'gone', why: `the watch told of the deletion of the DaemonSet ${name}` };
    return { is: 'unknown', why: `the API server did not say (${problem})` };
  }

  #take(object: ClusterObject | undefined): void {
    const { log, daemonSet } = this.#options;
    if (object === undefined && !this.#seen) {
      log.error(
        { daemonSet: nameOf(daemonSet) },
        'there is no such DaemonSet: agent.mesh.kubernetes.daemonSet names what runs this agent, or is left empty',
      );
      return;
    }
    this.#seen = true;
    this.#deleted =
      object === undefined || (object.value as DaemonSet).metadata?.deletionTimestamp !== undefined;
  }
}

const nameOf = ({ namespace, name }: ObjectName): string => `${namespace}/${name}`;

const resourceOf = ({ namespace }: ObjectName): Resource => ({
  kind: 'DaemonSet',
  objectKind: 'DaemonSet',
  apiVersions: [APPS],
  plural: 'daemonsets',
  namespace,
  optional: false,
});
