// SPDX-License-Identifier: Apache-2.0
import { runCases } from './checks/cases.mjs';

export const title = 'Where nothing is deferred each of these cases fails: none passes without the feature';
/** Most cases take a second; many of these wait in vain. */
const WORDS = ['without-deferral', 'race_s=1', 'patience_s=10'];

export const command = `npm run test:kmod -- ${WORDS.join(' ')}`;
export { kernels } from '../../kernels/undermesh-module.mjs';

/** They are not about deferred connections. */
const OTHERS = new Set([
  'is_called_by_connect4',
  'is_not_called_by_other_hooks',
  'leaves_others_alone',
  'is_not_deferred_by_its_own_choice',
  'goes_to_the_default_by_its_own_choice',
  'is_of_no_use_to_others',
  'takes_no_router_that_is_none',
  'leaves_no_complaint',
]);

export async function run({ say }, kernel) {
  const { passed, failed } = await runCases(kernel, WORDS, say);
  const strange = passed.filter((name) => !OTHERS.has(name));
  return {
    held: strange.length === 0 && failed.length > 50,
    figures: {
      'cases that fail': failed.length,
      ...Object.fromEntries(failed.map(({ name, reason }) => [name, reason])),
    },
    note: strange.map((name) => `${name} passed all the same`).join('\n'),
  };
}
