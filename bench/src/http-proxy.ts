// SPDX-License-Identifier: Apache-2.0
import { startHaproxy } from './l4-proxy.js';
import type { Address, Running } from './nginx.js';
import type { Place, Testbed } from './testbed.js';

/** HAProxy as most run it, before a server: reads requests, adds a header, keeps connections on both of its sides. */
const configuration = (listen: Address, to: Address) => `global
    nbthread 1
defaults
    mode http
    option forwardfor
    http-reuse always
    timeout connect 3s
    timeout client 1h
    timeout server 1h
listen proxy
    bind ${listen.address}:${listen.port}
    server next ${to.address}:${to.port}
`;

/** Starts HAProxy as a proxy of HTTP, one thread. It may not listen yet. */
export function startHttpProxy(
  testbed: Testbed,
  hop: { readonly listen: Address; readonly to: Address },
  place: Place,
): Running {
  return startHaproxy(testbed, configuration(hop.listen, hop.to), place);
}
