// SPDX-License-Identifier: Apache-2.0
// npm run accept -- AREA: the full-size acceptance run of an area (accept/parts.mjs). The report is docs/acceptance/AREA.md.
// With words after it only these parts run, and the report keeps what it says of the others, with their date and commit:
// npm run accept -- kmod 11-clients 13-limits kernel=6.1
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { areas, choose, partsOf, runParts } from './accept/parts.mjs';
import { prepare } from './build.mjs';
import { checkHost } from './host.mjs';
import { binary, root } from './paths.mjs';
import { entriesOf, entryOf, machineFacts, renderReport } from './report.mjs';
import { explain, Failure, say } from './say.mjs';

async function main() {
  const [area, ...words] = process.argv.slice(2);
  if (!areas().includes(area)) {
    throw new Failure('which area? npm run accept -- AREA', { mend: `one of: ${areas().join(', ')}` });
  }
  checkHost('npm run accept');
  await prepare(['start', 'demo', 'test', 'load']);
  const parts = await partsOf(area);
  const chosen = choose(parts, words);
  const facts = machineFacts();
  const report = join(root, `docs/acceptance/${area}.md`);
  const entries = entriesOf(words.length > 0 && existsSync(report) ? readFileSync(report, 'utf8') : '');
  let held = 0;
  mkdirSync(join(root, 'docs/acceptance'), { recursive: true });
  const onResult = ({ title, step }, result) => {
    if (result.held) held += 1;
    say(result.held ? 'held' : `MISSED${result.note ? `: ${result.note}` : ''}`);
    entries.set(title, entryOf(facts, { title, command: step.command, ...result }));
    const titles = parts.map((part) => part.title);
    writeFileSync(report, renderReport(area, facts, { titles, entries }));
  };
  await runParts(chosen, { say, onResult });
  spawnSync(binary('biome'), ['format', '--write', report], { cwd: root, stdio: 'ignore' }); // as the linter wants it
  say(`\ndocs/acceptance/${area}.md written\n${held} passed, ${chosen.length - held} failed`);
  return held === chosen.length ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
main().then(
  (code) => process.exit(code),
  (error) => {
    explain(error);
    process.exit(1);
  },
);
