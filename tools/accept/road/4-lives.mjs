// SPDX-License-Identifier: Apache-2.0
import { lives } from './checks/lives.mjs';

export const title =
  'Older than the agent, long-lived, IPv6, half-closed, reset, orphaned, forked, beside another program: the right record';
export const command = 'node tools/accept/step.mjs road/4-lives';
export const run = () => lives({ name: 'undermesh-accept-lives', longSeconds: 125 });
