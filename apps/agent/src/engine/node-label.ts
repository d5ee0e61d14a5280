// SPDX-License-Identifier: Apache-2.0
import type { MeshState } from '@undermesh/mesh';
import type { NodeLabel } from '@undermesh/schema';

/**
 * What the label `undermesh.io/engine` says that the mesh's Node of this name carries. Before a cluster has told of its
 * nodes nothing is known, which is not the same as no label: whoever was asked for an engine by it keeps that.
 */
export function nodeLabelOf({ mesh }: MeshState, node: string): NodeLabel {
  if (mesh === null) return { known: false, engine: null };
  return { known: true, engine: mesh.nodes.get(node)?.engine ?? null };
}
