// SPDX-License-Identifier: Apache-2.0
// Real agents and a real collector on this kernel: what they store equals what was made.
import { exactness } from '../../accept/road/checks/exactness.mjs';
import { failures } from '../../accept/road/checks/failures.mjs';
import { lives } from '../../accept/road/checks/lives.mjs';

const checks = {
  '200 short connections over IPv4 and IPv6, ended in every way, stored to the byte': (name) =>
    exactness({ name, connections: 200 }),
  'failed connects: refused, timed out, given up, unreachable': (name) => failures({ name, each: 2 }),
  'older, long-lived, half-closed, reset, orphaned and forked connections': (name) =>
    lives({ name, longSeconds: 5 }),
};

/** @returns {Promise<{ title: string, held: boolean, trouble: string[] }[]>} */
export async function checkRoad() {
  const results = [];
  for (const [index, [title, check]] of Object.entries(checks).entries()) {
    const name = `undermesh-kernels-${process.pid}-${index}`;
    const trouble = await check(name).then(
      (outcome) => outcome.failures,
      (error) => [error.message],
    );
    results.push({ title, held: trouble.length === 0, trouble });
  }
  return results;
}
