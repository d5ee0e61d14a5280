// SPDX-License-Identifier: Apache-2.0
// npm run bench: sets up and builds, then hands over to bench/, with the words of the command line.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './build.mjs';
import { checkHost } from './host.mjs';
import { environment, root } from './paths.mjs';
import { explain } from './say.mjs';

async function main() {
  checkHost('npm run bench');
  await prepare(['start', 'test', 'load']);
  const program = join(root, 'bench/dist/main.js');
  const { status } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: environment,
  });
  process.exit(status ?? 1);
}

main().catch((error) => {
  explain(error);
  process.exit(1);
});
