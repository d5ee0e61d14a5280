// SPDX-License-Identifier: Apache-2.0
import type { Declaration, EndpointSliceDeclaration } from '../kubernetes/declaration.js';
import { SERVICE_NAME } from '../kubernetes/endpoint-slice.js';
import type { FieldPath } from '../kubernetes/field.js';
import { type ObjectKey, objectKey } from '../model.js';
import type { Problem } from '../problem.js';

type OfKind<Kind extends Declaration['kind']> = ReadonlyMap<ObjectKey, Extract<Declaration, { kind: Kind }>>;

/** All declarations by kind and key, and what is found wrong while they are put together. */
export class Catalogue {
  readonly services: OfKind<'Service'>;
  readonly routes: OfKind<'HTTPRoute'>;
  readonly gateways: OfKind<'Gateway'>;
  readonly namespaces: OfKind<'Namespace'>;
  readonly nodes: OfKind<'Node'>;
  /** By their service, in the order of their names. */
  readonly slices = new Map<ObjectKey, EndpointSliceDeclaration[]>();
  readonly problems: Problem[] = [];
  readonly #faulty = new Set<Declaration>();

  constructor(declarations: Iterable<Declaration>) {
    const kinds = {
      Service: new Map(),
      EndpointSlice: new Map<ObjectKey, EndpointSliceDeclaration>(),
      HTTPRoute: new Map(),
      Gateway: new Map(),
      Namespace: new Map(),
      Node: new Map(),
    };
    for (const declaration of declarations) {
      const ofKind: Map<ObjectKey, Declaration> = kinds[declaration.kind];
      const first = ofKind.get(objectKey(declaration));
      if (first === undefined) ofKind.set(objectKey(declaration), declaration);
      else this.#reportTwin(declaration, first);
    }
    this.services = kinds.Service;
    this.routes = kinds.HTTPRoute;
    this.gateways = kinds.Gateway;
    this.namespaces = kinds.Namespace;
    this.nodes = kinds.Node;
    this.#groupSlices(kinds.EndpointSlice);
  }

  /** Of a declaration's field. */
  error(declaration: Declaration, path: FieldPath, [message, mend]: readonly [string, string]): void {
    this.#faulty.add(declaration);
    this.problems.push(declaration.origin.problem({ severity: 'error', path, message, mend }));
  }

  /** Whether an error was reported of it. */
  isFaulty(declaration: Declaration): boolean {
    return this.#faulty.has(declaration);
  }

  warn(declaration: Declaration, path: FieldPath, [message, mend]: readonly [string, string]): void {
    this.problems.push(declaration.origin.problem({ severity: 'warning', path, message, mend }));
  }

  #reportTwin(declaration: Declaration, first: Declaration): void {
    this.error(
      declaration,
      ['metadata', 'name'],
      [`it is declared twice: also at ${first.origin.place}`, 'remove one of them, or give it another name'],
    );
  }

  #groupSlices(slices: ReadonlyMap<ObjectKey, EndpointSliceDeclaration>): void {
    for (const slice of slices.values()) {
      const key = objectKey(slice.service);
      if (!this.services.has(key)) {
        this.error(
          slice,
          ['metadata', 'labels', SERVICE_NAME],
          [`there is no Service ${key}`, 'name a Service of the same namespace, or declare it'],
        );
        continue;
      }
      const group = this.slices.get(key);
      if (group === undefined) this.slices.set(key, [slice]);
      else group.push(slice);
    }
    for (const group of this.slices.values()) group.sort(byName);
  }
}

const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : 1;
