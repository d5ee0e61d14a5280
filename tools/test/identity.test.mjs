// SPDX-License-Identifier: Apache-2.0
// Who is who while addresses move, in small: the same check as `npm run accept -- identity`.
import { afterAll, expect, it } from 'vitest';
import { movingAddresses } from '../accept/identity/checks/moving.mjs';
import { sweep } from '../testbed/testbed.mjs';

afterAll(() => sweep('undermesh-test-identity'));

it('attributes every connection to who made and who answered it, wherever addresses have moved to', async () => {
  const name = `undermesh-test-identity-${process.pid}`;
  const { failures } = await movingAddresses({ name, connections: 3000, perSecond: 500 });
  expect(failures.join('; ')).toBe('');
}, 300_000);
