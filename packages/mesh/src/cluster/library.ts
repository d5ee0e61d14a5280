// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { isElsewhere } from '../assemble/routes.js';
import type { Declaration, GatewayDeclaration } from '../kubernetes/declaration.js';
import { type ObjectKey, objectKey } from '../model.js';
import type { Problem } from '../problem.js';
import { type Declared, readDeclared } from './declared.js';
import { type Pod, readPod } from './pod.js';
import { type PodService, readPodService } from './pod-service.js';
import type { ClusterKind } from './resources.js';
import { Shelf } from './shelf.js';

/** All objects that were heard of, by kind, as far as they are of use. */
export class ClusterLibrary {
  readonly pods: Shelf<Pod>;
  readonly #waypointUsers: Shelf<PodService>;
  readonly #declared: ReadonlyMap<ClusterKind, Shelf<Declared>>;
  readonly #namespaces: Shelf<Declared>;
  readonly #gateways: Shelf<Declared>;
  readonly #routes: Shelf<Declared>;

  /** @param on called when the mesh may be another; when pods, or what namespaces say of them, are. */
  constructor(on: { readonly mesh: () => void; readonly pods: () => void }) {
    const shelf = (onChange: () => void = on.mesh): Shelf<Declared> => new Shelf(readDeclared, onChange);
    this.pods = new Shelf(readSamePod, on.pods);
    this.#waypointUsers = new Shelf(readPodService, on.mesh);
    this.#namespaces = shelf(() => {
      on.mesh();
      on.pods();
    });
    this.#gateways = shelf();
    this.#routes = shelf();
    this.#declared = new Map([
      ['Namespace', this.#namespaces],
      ['Node', shelf()],
      ['Service', shelf()],
      ['EndpointSlice', shelf()],
      ['Gateway', this.#gateways],
      ['HTTPRoute', this.#routes],
    ]);
  }

  /** Where objects of a kind are kept. */
  shelf(kind: ClusterKind): Shelf<Declared> | Shelf<Pod> | Shelf<PodService> {
    return this.#declared.get(kind) ?? (kind === 'Pod' ? this.pods : this.#waypointUsers);
  }

  /** How many events were older than what was known. */
  get stale(): number {
    return [...this.#declared.values(), this.pods, this.#waypointUsers].reduce(
      (sum, { stale }) => sum + stale,
      0,
    );
  }

  /** What a namespace says of its pods. */
  modeOf(namespace: string): string | null {
    const declaration = this.#namespaces.get(`/${namespace}`)?.declaration;
    return declaration?.kind === 'Namespace' ? declaration.dataplaneMode : null;
  }

  *declarations(): Generator<Declaration> {
    for (const shelf of this.#declared.values())
      for (const { declaration } of shelf.items()) if (declaration !== null) yield declaration;
    for (const { declarations } of this.#waypointUsers.items()) yield* declarations;
  }

  /** What is wrong with objects by themselves; of routes that other meshes' Gateways have nothing is said. */
  problems(): Problem[] {
    const gateways = new Map<ObjectKey, GatewayDeclaration>();
    for (const { declaration } of this.#gateways.items())
      if (declaration?.kind === 'Gateway') gateways.set(objectKey(declaration), declaration);
    const problems: Problem[] = [];
    for (const shelf of this.#declared.values())
      for (const { attempt, problems: own } of shelf.items()) {
        if (own.length === 0) continue;
        if (attempt?.kind === 'HTTPRoute' && isElsewhere({ gateways }, attempt)) continue;
        problems.push(...own);
      }
    return problems;
  }
}

/** Most versions of a pod differ in what is not looked at. */
function readSamePod(value: unknown, before: Pod | undefined): Pod {
  const pod = readPod(value);
  return before !== undefined && isDeepStrictEqual(before, pod) ? before : pod;
}
