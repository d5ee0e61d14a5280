// SPDX-License-Identifier: Apache-2.0
import { countInstructions, figuresOf, ratioOf } from './checks/instructions.mjs';

/** The bounds of what deferral takes of plain TCP. */
const LIMITS = { short: 1.06, kept: 1.02 };

export const title = `Instructions: at most ${LIMITS.short} times plain TCP for a short connection, ${LIMITS.kept} for a request on a kept one`;
export const command = 'node tools/accept/step.mjs kmod/5-instructions';
export { kernels } from '../../kernels/undermesh-module.mjs';

export async function run({ say }, kernel) {
  const costs = await countInstructions(kernel, say);
  const deferred = costs.filter(({ way }) => way === 'deferred');
  const missed = deferred.length === 0 ? ['nothing was counted'] : [];
  for (const cost of deferred) {
    const ratio = Math.max(ratioOf(costs, cost, 'mean'), ratioOf(costs, cost, 'p50'));
    if (!(ratio <= LIMITS[cost.kind]))
      missed.push(`${cost.kind}, ${cost.head} bytes: ${ratio.toFixed(3)}, not ${LIMITS[cost.kind]}`);
  }
  return {
    held: missed.length === 0,
    figures: Object.fromEntries(figuresOf(costs)),
    note: [
      ...missed,
      'Counted by the clock of a guest (`-icount shift=0`, one CPU), of both ends, the kernel and whatever is between them. Instructions are not time: a guest without hardware help has no time to speak of. `npm run bench -- native` measures it where the module is loaded on real hardware; that was not done here.',
    ].join('\n'),
  };
}
