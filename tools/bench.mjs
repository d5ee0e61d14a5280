// SPDX-License-Identifier: Apache-2.0
// npm run bench: every figure that the README claims; see bench/README.md. What follows `--` goes to bench/src/main.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { prepare } from './build.mjs';
import { checkHost } from './host.mjs';
import { environment, root } from './paths.mjs';
import { explain, Failure } from './say.mjs';
import { withoutAutogroups } from './testbed/autogroups.mjs';
import { sweep } from './testbed/testbed.mjs';

/** @returns {Promise<[code: number | null, signal: NodeJS.Signals | null]>} how the benchmarks ended */
async function measure() {
  const child = spawn(process.execPath, [join(root, 'bench/dist/main.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: environment,
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return once(child, 'exit');
}

async function main() {
  checkHost('npm run bench');
  await prepare(['start', 'demo', 'test', 'load']);
  await sweep('undermesh-bench');
  const [code, signal] = await withoutAutogroups(measure);
  if (signal !== null) throw new Failure(`the benchmarks were ended by ${signal}`);
  process.exitCode = code;
}

main().catch((error) => {
  explain(error);
  process.exit(1);
});
