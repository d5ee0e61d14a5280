// SPDX-License-Identifier: Apache-2.0
import { failures } from './checks/failures.mjs';

export const title =
  'Refused, timed-out, aborted and unreachable connects appear as failures with their reason, on their edge';
export const command = 'node tools/accept/step.mjs road/3-failures';
export const run = () => failures({ name: 'undermesh-accept-failures', each: 100 });
