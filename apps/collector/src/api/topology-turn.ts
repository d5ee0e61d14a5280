// SPDX-License-Identifier: Apache-2.0
import type { Topology } from '@undermesh/schema';
import { WrittenBody } from './live.js';

/** JSON of vertices or edges by id. */
type Texts = ReadonlyMap<string, string>;

/**
 * A topology as it was at one moment, written down once for all who watch it: whole for those who come, and as what
 * differs from an earlier turn.
 */
export class TopologyTurn {
  readonly #rest: Omit<Topology, 'vertices' | 'edges'>;
  readonly #vertices: Texts;
  readonly #edges: Texts;
  readonly #sinceFormer = new WeakMap<TopologyTurn, WrittenBody>();
  #whole: WrittenBody | null = null;

  constructor({ vertices, edges, ...rest }: Topology) {
    this.#rest = rest;
    this.#vertices = textsOf(vertices);
    this.#edges = textsOf(edges);
  }

  /** The message `topology`. */
  get whole(): WrittenBody {
    this.#whole ??= new WrittenBody(`{"type":"topology","data":${this.#data()}}`);
    return this.#whole;
  }

  /** The message `topology-delta`. */
  since(former: TopologyTurn): WrittenBody {
    const known = this.#sinceFormer.get(former);
    if (known !== undefined) return known;
    const { window, hidden, missingNodes } = this.#rest;
    const head = {
      type: 'topology-delta',
      window,
      hidden,
      missingNodes,
      removedVertices: missing(former.#vertices, this.#vertices),
      removedEdges: missing(former.#edges, this.#edges),
    };
    const lists = {
      vertices: changed(former.#vertices, this.#vertices),
      edges: changed(former.#edges, this.#edges),
    };
    const body = new WrittenBody(written(head, lists));
    this.#sinceFormer.set(former, body);
    return body;
  }

  #data(): string {
    const lists = { vertices: [...this.#vertices.values()], edges: [...this.#edges.values()] };
    return written(this.#rest, lists);
  }
}

const textsOf = (things: readonly { readonly id: string }[]): Texts =>
  new Map(things.map((thing) => [thing.id, JSON.stringify(thing)]));

const changed = (former: Texts, now: Texts): string[] => {
  const texts: string[] = [];
  for (const [id, text] of now) if (former.get(id) !== text) texts.push(text);
  return texts;
};

const missing = (former: Texts, now: Texts): string[] => [...former.keys()].filter((id) => !now.has(id));

/** An object with members that are JSON already. */
function written(
  members: object,
  lists: { readonly vertices: readonly string[]; readonly edges: readonly string[] },
): string {
  const rest = JSON.stringify(members).slice(0, -1);
  return `${rest},"vertices":[${lists.vertices.join()}],"edges":[${lists.edges.join()}]}`;
}
