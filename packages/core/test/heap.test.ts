// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('heap-growth.mjs', import.meta.url));

it('collects while garbage is little: 11 MiB are alive, and V8 by itself waits for 64 or more', {
  timeout: 60_000,
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  // The first collection is when V8 has always made it: its bound is set at one for the next.
  const [, ...later] = JSON.parse(stdout) as number[];
  expect(Math.max(...later)).toBeLessThan(60); // as much garbage as is alive, and what V8 lets pile up in any case
});
