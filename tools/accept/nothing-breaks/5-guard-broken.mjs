// SPDX-License-Identifier: Apache-2.0
import { guardBroken } from './checks/breaks.mjs';
import { fullLoad } from './checks/load.mjs';

export const title = 'The guard broken on purpose: the same watch reports what was not steered';
export const command = 'node tools/accept/step.mjs nothing-breaks/5-guard-broken';
export const run = () => guardBroken({ name: 'undermesh-accept-broken', load: fullLoad });
