// SPDX-License-Identifier: Apache-2.0
// npm run bench: every benchmark, bench/NAME.bench.mjs, one after the other; npm run bench -- NAME... runs some.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from './build.mjs';
import { environment, root } from './paths.mjs';
import { explain, Failure, say } from './say.mjs';

const directory = join(root, 'bench');
const ending = '.bench.mjs';

async function main() {
  const present = readdirSync(directory).filter((name) => name.endsWith(ending));
  const names = present.map((name) => name.slice(0, -ending.length)).sort();
  const chosen = process.argv.length > 2 ? process.argv.slice(2) : names;
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new Failure(`there is no benchmark ${unknown.join(', ')}`, {
      mend: `one of: ${names.join(', ') || '(none)'}`,
    });
  }
  await prepare(['start', 'test', 'load']);
  for (const name of chosen) {
    say(`\n== ${name}`);
    const { status } = spawnSync(process.execPath, [join(directory, `${name}${ending}`)], {
      stdio: 'inherit',
      env: environment,
    });
    if (status !== 0) throw new Failure(`the benchmark ${name} ended with ${status}`);
  }
}

main().catch((error) => {
  explain(error);
  process.exit(1);
});
