// SPDX-License-Identifier: Apache-2.0
import type { Edge, Vertex } from '@undermesh/schema';
import { Arrow } from './icon';

/** Versions of vertices by id: an edge alone does not say which version it means. */
export type Versions = ReadonlyMap<string, string>;
export const versionsOf = (vertices: readonly Vertex[] | undefined): Versions =>
  new Map(
    (vertices ?? []).flatMap((vertex) => (vertex.version === null ? [] : [[vertex.id, vertex.version]])),
  );

function Name({ name, version }: { name: string; version: string | undefined }) {
  return (
    <>
      {name}
      {version !== undefined && <span className="t3"> {version}</span>}
    </>
  );
}

/** source → destination, each with its version where it has one. */
export function EdgeName({
  edge,
  versions,
}: {
  edge: Pick<Edge, 'source' | 'destination' | 'sourceName' | 'destinationName'>;
  versions?: Versions | undefined;
}) {
  return (
    <span className="edge-name medium">
      <Name name={edge.sourceName} version={versions?.get(edge.source)} />
      <Arrow />
      <Name name={edge.destinationName} version={versions?.get(edge.destination)} />
    </span>
  );
}
