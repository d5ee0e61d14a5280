// SPDX-License-Identifier: Apache-2.0
import { agentError } from '../errors.js';
import type { EngineControl } from './control.js';

/** Why no node can run it yet. */
export const NO_KERNEL_NATIVE = 'its kernel module is not part of this release';

/** A node that steers nothing, and why. */
export function absentEngine(reason: string): EngineControl {
  let generation = 0;
  return {
    readback: () => ({
      engine: 'off',
      generation,
      available: { off: true, 'dual-engine': reason, 'kernel-native': NO_KERNEL_NATIVE },
      hooks: [],
      enrolled: [],
      drift: [],
      openConnections: [],
    }),
    apply: async (command) => {
      const { engine } = command;
      if (engine !== 'off')
        throw agentError('engine_unavailable', `This node cannot run ${engine}: ${reason}.`);
      generation = command.generation;
    },
  };
}
