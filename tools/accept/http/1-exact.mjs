// SPDX-License-Identifier: Apache-2.0
import { requestsExact } from './checks/requests.mjs';

export const title =
  '1,000,000 requests, kept connections and short ones, bodies from 0 B to 10 MB, heads cut anywhere: counted to the request, the class and the byte at both ends, their times within 2 %';
export const command = 'node tools/accept/step.mjs http/1-exact';
export const run = () =>
  requestsExact({
    name: 'undermesh-accept-http',
    requests: 1_000_000,
    largeRequests: 200,
    slowRequests: 5_000,
  });
