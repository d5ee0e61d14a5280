// SPDX-License-Identifier: Apache-2.0
import { Directory } from './directory.js';
import type { OpenNames } from './open-table.js';
import { Outside } from './outside.js';
import type { Placements } from './placements.js';

/** Everything that has addresses of its own. */
export interface Cluster {
  readonly name: string;
  readonly directory: Directory;
  readonly outside: Outside;
}

/** One agent's ring of records; see DESIGN.md section 9, decision 1. */
export interface Stream {
  /** From 1. */
  readonly number: number;
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly nodeName: string;
  readonly node: number;
  readonly cluster: Cluster;
  /** Placement by the agent's own workload id. */
  readonly placements: Map<number, number>;
  /** What {@link Placements.service} calls a service, by the agent's own service id. */
  readonly services: Map<number, number>;
  /** Where ends without a known workload are counted. */
  readonly unknown: number;
}

/** Streams and clusters by name and number. */
export class Streams implements OpenNames {
  readonly #streams: Stream[] = [];
  readonly #byKey = new Map<string, Stream>();
  readonly #byNode = new Map<string, Stream[]>();
  readonly #clusters = new Map<string, Cluster>();
  readonly #placements: Placements;
  readonly #addressesPerWindow: number;

  constructor(placements: Placements, addressesPerWindow: number) {
    this.#placements = placements;
    this.#addressesPerWindow = addressesPerWindow;
  }

  get clusters(): Iterable<Cluster> {
    return this.#clusters.values();
  }

  cluster(name: string): Cluster {
    let cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      cluster = {
        name,
        directory: new Directory(),
        outside: new Outside(this.#placements, name, this.#addressesPerWindow),
      };
      this.#clusters.set(name, cluster);
    }
    return cluster;
  }

  /** The stream of that id and node, made when it is new. */
  get(identity: { id: string; node: string; cluster: string }): Stream {
    const key = `${identity.id}\n${identity.node}\n${identity.cluster}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const node = this.#placements.node(identity.node);
    const unknown = this.#placements.workload(
      { cluster: identity.cluster, namespace: 'unknown', name: 'unknown', version: null },
      { kind: 'unknown', system: false, external: false },
    );
    const stream: Stream = {
      number: this.#streams.length + 1,
      id: identity.id,
      nodeName: identity.node,
      node,
      cluster: this.cluster(identity.cluster),
      placements: new Map(),
      services: new Map(),
      unknown: this.#placements.placement(unknown, node),
    };
    this.#streams.push(stream);
    this.#byKey.set(key, stream);
    const ofNode = this.#byNode.get(identity.node);
    if (ofNode === undefined) this.#byNode.set(identity.node, [stream]);
    else ofNode.push(stream);
    return stream;
  }

  at(number: number): Stream | undefined {
    return this.#streams[number - 1];
  }

  /** All streams of a node, oldest first. */
  ofNode(node: string): readonly Stream[] {
    return this.#byNode.get(node) ?? [];
  }

  stream(number: number): { node: string; cluster: string; id: string } {
    const stream = this.at(number);
    return { node: stream?.nodeName ?? '', cluster: stream?.cluster.name ?? '', id: stream?.id ?? '' };
  }

  workload(placement: number): number {
    return this.#placements.workloadOf(placement);
  }
}
