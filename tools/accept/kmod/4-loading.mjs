// SPDX-License-Identifier: Apache-2.0
import { allPassed, runCases } from './checks/cases.mjs';

const CYCLES = 50;
const WORDS = [`cycles=${CYCLES}`, 'is_not_unloaded', 'is_unloaded', 'is_loaded'];

export const title = `Not unloaded while in use; ${CYCLES} times unloaded and loaded under traffic of other services`;
export const command = `npm run test:kmod -- ${WORDS.join(' ')}`;
export { kernels } from '../../kernels/undermesh-module.mjs';

export async function run({ say }, kernel) {
  return allPassed(await runCases(kernel, WORDS, say), { 'times unloaded and loaded': CYCLES });
}
