// SPDX-License-Identifier: Apache-2.0
// Hostile agents, in small: the same checks as `npm run accept -- ingest`.
import { afterAll, describe, expect, it } from 'vitest';
import { decoder } from '../accept/ingest/checks/decoder.mjs';
import { sessions } from '../accept/ingest/checks/sessions.mjs';
import { sockets } from '../accept/ingest/checks/sockets.mjs';
import { sweep } from '../testbed/testbed.mjs';

const name = `undermesh-test-ingest-${process.pid}`;

afterAll(() => sweep('undermesh-test-ingest'));

const held = ({ failures }) => expect(failures.join('; ')).toBe('');
const timeout = 300_000;
/** Too short to tell a leak from caches that fill. */
const mostMib = 512;

describe('hostile frames', () => {
  it(
    'are refused by the decoder, or keep their promises',
    () => held(decoder({ frames: 40_000, seed: 1, mostMib })),
    timeout,
  );
  it(
    'end their own connection, and are counted',
    async () => held(await sessions({ frames: 12_000, seed: 2, mostMib })),
    timeout,
  );
  it(
    'leave a real collector and its neighbour alone',
    async () => held(await sockets({ name, frames: 1_000, rounds: 1, seed: 3, mostMib })),
    timeout,
  );
});
