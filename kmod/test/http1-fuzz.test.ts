// SPDX-License-Identifier: Apache-2.0
// A short run of the fuzzer; a long one: npm run fuzz -w @undermesh/kmod
import { expect, it } from 'vitest';
import { Dice, oddExchange, validExchange } from '../../bpf/test/http-corpus.js';
import { fuzz } from './http1/fuzzer.mjs';

const SECONDS = 8;

it('survives whatever is sent', { timeout: 240_000 }, async () => {
  const dice = new Dice(21);
  const exchanges = Array.from({ length: 60 }, (_, i) =>
    i % 2 ? oddExchange(dice) : validExchange(dice, false),
  );
  const seeds = exchanges.flatMap(({ request, response }) => [request, response, request + response]);
  const { code, executions, output } = await fuzz({ seconds: SECONDS, seeds });
  expect(code, output.slice(-4000)).toBe(0);
  expect(executions).toBeGreaterThan(1000);
});
