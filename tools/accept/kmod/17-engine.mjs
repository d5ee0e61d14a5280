// SPDX-License-Identifier: Apache-2.0
import { runEngineInGuest } from './checks/engine.mjs';

export const title =
  'The engine comes and goes with the module: taken up, upgraded, put back, and let go so that the module can be unloaded';
export const command = 'node tools/accept/step.mjs kmod/17-engine';
export { kernels } from '../../kernels/undermesh-module.mjs';

export const run = ({ say }, kernel) => runEngineInGuest(kernel, say);
