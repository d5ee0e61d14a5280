// SPDX-License-Identifier: Apache-2.0
// What is tried on a mesh whose node runs the kernel-native engine.
import { alternateOnOneConnection } from './cases/alternating.mjs';
import { loseCollector, restartAgents, switchEngines, upgradeAgents } from './cases/breaks.mjs';
import { askByEveryClient } from './cases/clients.mjs';
import { holdLimits } from './cases/limits.mjs';
import { tellFallbacks, tellHits } from './cases/told.mjs';
import { shareByWeight } from './cases/weights.mjs';

/** Begins the line with what a case found, in JSON: `{ name, figures, failures, seconds }`. */
export const MARK = 'found: ';

/** What comes before all cases. */
export const OPENING = 'opening the mesh';

/** In the order in which they run. @type {Record<string, (mesh: import('./mesh.mjs').NativeMesh) => Promise<void>>} */
export const cases = {
  clients: askByEveryClient,
  weights: shareByWeight,
  alternating: alternateOnOneConnection,
  limits: holdLimits,
  hits: tellHits,
  fallbacks: tellFallbacks,
  switched: switchEngines,
  restarted: restartAgents,
  upgraded: upgradeAgents,
  'collector-gone': loseCollector,
};
