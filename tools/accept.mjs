// SPDX-License-Identifier: Apache-2.0
// npm run accept -- AREA: the full-size acceptance run of an area, tools/accept/AREA/*.mjs in the order of their
// names. Each file is one step and exports
//   title    what must hold, as a sentence
//   command  how anybody can do it by hand, when there is such a way
//   run      async (context) => ({ held: boolean, figures: { [name]: value }, note?: string })
// `context` is shared by the steps of one run; what a step puts into `context.defer(fn)` is undone at the end, the
// last first. The report is docs/acceptance/AREA.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './build.mjs';
import { checkHost } from './host.mjs';
import { binary, root } from './paths.mjs';
import { machineFacts, renderReport } from './report.mjs';
import { explain, Failure, say } from './say.mjs';

const directory = join(root, 'tools/accept');

async function runSteps(area) {
  const files = readdirSync(join(directory, area))
    .filter((name) => name.endsWith('.mjs'))
    .sort();
  const deferred = [];
  const context = { say, defer: (undo) => deferred.push(undo) };
  const results = [];
  try {
    for (const file of files) {
      const step = await import(pathToFileURL(join(directory, area, file)).href);
      say(`\n== ${step.title}`);
      const start = Date.now();
      const outcome = await step
        .run(context)
        .catch((error) => ({ held: false, figures: {}, note: error.message }));
      results.push({
        title: step.title,
        command: step.command,
        seconds: (Date.now() - start) / 1000,
        ...outcome,
      });
      say(outcome.held ? 'held' : `MISSED${outcome.note ? `: ${outcome.note}` : ''}`);
    }
  } finally {
    for (const undo of deferred.reverse()) await undo();
  }
  return results;
}

async function main() {
  const entries = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const [area] = process.argv.slice(2);
  if (!names.includes(area)) {
    throw new Failure('which area? npm run accept -- AREA', {
      mend: `one of: ${names.join(', ') || '(none yet)'}`,
    });
  }
  checkHost('npm run accept');
  await prepare(['start', 'demo', 'test', 'load']);
  const results = await runSteps(area);
  mkdirSync(join(root, 'docs/acceptance'), { recursive: true });
  const report = join(root, `docs/acceptance/${area}.md`);
  writeFileSync(report, renderReport(area, machineFacts(), results));
  spawnSync(binary('biome'), ['format', '--write', report], { cwd: root, stdio: 'ignore' }); // as the linter wants it
  const held = results.filter((one) => one.held).length;
  say(`\ndocs/acceptance/${area}.md written\n${held} passed, ${results.length - held} failed`);
  return held === results.length ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    explain(error);
    process.exit(1);
  },
);
