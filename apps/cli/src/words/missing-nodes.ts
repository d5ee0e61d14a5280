// SPDX-License-Identifier: Apache-2.0
import type { Line } from '../output/line.js';
import { listed } from './figures.js';

/** Says which nodes' figures are missing, where any are. */
export const missingNodesLine = (missing: readonly string[]): Line[] => {
  if (missing.length === 0) return [];
  const them = missing.length === 1 ? 'it' : 'them';
  const text = `◌ Silent: ${listed(missing)}. Figures that touch ${them} are lower bounds.`;
  return [[{ text, style: 'yellow' }]];
};
