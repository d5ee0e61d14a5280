// SPDX-License-Identifier: Apache-2.0
import { movingAddresses } from './checks/moving.mjs';

export const title =
  '100,000 connections while addresses move between workloads every 100 ms: none is attributed to another one';
export const command = 'node tools/accept/step.mjs identity/1-moving';
export const run = () =>
  movingAddresses({ name: 'undermesh-accept-identity', connections: 100_000, perSecond: 1500 });
