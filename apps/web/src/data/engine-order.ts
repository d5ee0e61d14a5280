// SPDX-License-Identifier: Apache-2.0
import type { EngineOrder, NodeEngine } from '@undermesh/schema';
import { putJson } from './client';

/** Asks a node to run another engine. Throws ApiError in the collector's words: no session, a label decides, unknown node. */
export const orderEngine = (node: string, order: EngineOrder): Promise<NodeEngine> =>
  putJson<NodeEngine>(`/api/v1/nodes/${encodeURIComponent(node)}/engine`, order);
