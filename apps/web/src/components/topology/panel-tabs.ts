// SPDX-License-Identifier: Apache-2.0
import type { PanelTab } from '../panel';

/** The tabs of an edge's and a vertex's panel; changes with their count once it is known. */
export const panelTabs = (changes: number | undefined): PanelTab[] => [
  { id: 'traffic', name: 'Traffic' },
  { id: 'latency', name: 'Latency' },
  { id: 'connections', name: 'Connections' },
  { id: 'changes', name: 'Changes', ...(changes === undefined ? {} : { count: changes }) },
];
