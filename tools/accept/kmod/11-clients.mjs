// SPDX-License-Identifier: Apache-2.0
import { onEveryKernel } from '../../native/step.mjs';

export const title =
  'Clients that nobody adapted reach the backend that host, path, header, method and query name, over IPv4, IPv6 and v4-mapped sockets; weights share requests out';
export const command = 'node tools/accept/step.mjs kmod/11-clients';
export const { kernels, cases, run } = onEveryKernel('clients', 'weights');
