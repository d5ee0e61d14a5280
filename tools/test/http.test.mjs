// SPDX-License-Identifier: Apache-2.0
// Requests from the kernel to the API, in small: the same check as `npm run accept -- http`.
import { afterAll, expect, it } from 'vitest';
import { requestsExact } from '../accept/http/checks/requests.mjs';
import { sweep } from '../testbed/testbed.mjs';

afterAll(() => sweep('undermesh-test-http'));

it('counts requests to the request, the class and the byte, and times them', async () => {
  const { failures } = await requestsExact({
    name: `undermesh-test-http-${process.pid}`,
    requests: 6_000,
    largeRequests: 8,
    slowRequests: 400,
    clock: false,
  });
  expect(failures.join('; ')).toBe('');
}, 300_000);
