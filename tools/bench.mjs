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

async function main() {
  checkHost('npm run bench');
  await prepare(['start', 'demo', 'test', 'load']);
  await sweep('undermesh-bench');
  let child;
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child?.kill(signal));
  const [code, signal] = await withoutAutogroups(() => {
    const parameters = [join(root, 'bench/dist/main.js'), ...process.argv.slice(2)];
    child = spawn(process.execPath, parameters, { stdio: 'inherit', env: environment });
    return once(child, 'exit');
  });
  if (signal !== null) throw new Failure(`the benchmarks were ended by ${signal}`);
  process.exitCode = code;
}

main().catch((error) => {
  explain(error);
  process.exit(1);
});
