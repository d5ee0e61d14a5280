// SPDX-License-Identifier: Apache-2.0
import { allPassed, runCases } from './checks/cases.mjs';

export const title =
  'The socket API of a deferred connection is that of plain TCP; what is not HTTP/1.1 goes to the default endpoint';
export const command = 'npm run test:kmod';
export { kernels } from '../../kernels/undermesh-module.mjs';

export async function run({ say }, kernel) {
  return allPassed(await runCases(kernel, [], say));
}
