// SPDX-License-Identifier: Apache-2.0
import { opening } from './checks/opening.mjs';

export const title =
  'istio_tcp_connections_opened_total rises within 1 s while the connection is open; opened less closed is what ss shows';
export const command = 'node tools/accept/step.mjs road/5-opened';
export const run = () => opening({ name: 'undermesh-accept-opened', trials: 40 });
