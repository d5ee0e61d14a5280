// SPDX-License-Identifier: Apache-2.0
export {
  Bundle,
  type BundleOptions,
  type Manifest,
  type PartNote,
  STANDARD_OUTPUT,
  type WrittenBundle,
} from './bundle.js';
export { kept, keptSettings } from './kept.js';
export { logTail } from './log-lines.js';
export { reducedMetrics } from './metrics.js';
export { wayTo } from './network.js';
export { platform } from './platform.js';
export { LEFT_OUT, Redactor } from './redactor.js';
export { bundleSummary, defaultFile, isTaken, MINUTES, parseMinutes } from './summary.js';
export { ownWords } from './words.js';
