// SPDX-License-Identifier: Apache-2.0
import { allPassed, runCases } from './checks/cases.mjs';

const SECONDS = 600;

export const title =
  'Ten minutes of eight threads on shared sockets while hooks and routers come and go: no complaint, nothing kept';
export const command = `npm run test:kmod -- race_s=${SECONDS} survives_a_race`;
export { kernels } from '../../kernels/undermesh-module.mjs';

export async function run({ say }, kernel) {
  const result = await runCases(kernel, [`race_s=${SECONDS}`, 'survives_a_race'], say);
  const raced = result.lines.find((line) => line.startsWith('raced: '))?.slice('raced: '.length);
  return allPassed(result, { raced: raced ?? 'not at all' });
}
