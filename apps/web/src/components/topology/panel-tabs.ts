// SPDX-License-Identifier: Apache-2.0
import type { PanelTab } from '../panel';

/** The tabs of an edge's and a vertex's panel; only edges have a path. Changes with their count once it is known. */
export const panelTabs = (of: 'edge' | 'vertex', changes: number | undefined): PanelTab[] => [
  { id: 'traffic', name: 'Traffic' },
  { id: 'latency', name: 'Latency' },
  { id: 'connections', name: 'Connections' },
  ...(of === 'edge' ? [{ id: 'path', name: 'Path' }] : []),
  { id: 'changes', name: 'Changes', ...(changes === undefined ? {} : { count: changes }) },
];
