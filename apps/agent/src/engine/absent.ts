// SPDX-License-Identifier: Apache-2.0
import { agentError } from '../errors.js';
import type { EngineControl } from './control.js';

/** A node that steers nothing, and why. */
export function absentEngine(reason: string): EngineControl {
  let generation = 0;
  return {
    readback: () => ({
      engine: 'off',
      generation,
      available: { off: true, 'dual-engine': reason, 'kernel-native': reason },
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
