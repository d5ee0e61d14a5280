// SPDX-License-Identifier: Apache-2.0
// Parts of an acceptance area by themselves, without a report: node tools/accept/step.mjs road/2-exact
// Several of one area, perhaps on one kernel only: node tools/accept/step.mjs kmod/11-clients kmod/13-limits kernel=6.1
import { explain, say } from '../say.mjs';
import { choose, partsOf, runParts } from './parts.mjs';

async function main() {
  const words = process.argv.slice(2);
  const [area] = words[0].split('/');
  const parts = choose(
    await partsOf(area),
    words.map((word) => (word.startsWith(`${area}/`) ? word.slice(area.length + 1) : word)),
  );
  let missed = 0;
  const onResult = (_part, { held, figures, note, seconds }) => {
    for (const [what, value] of Object.entries(figures)) say(`  ${what}: ${value}`);
    if (note) say(note);
    say(`${held ? 'held' : 'MISSED'} after ${seconds.toFixed(1)} s`);
    if (!held) missed += 1;
  };
  await runParts(parts, { say, onResult });
  return missed === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
main().then(
  (code) => process.exit(code),
  (error) => {
    explain(error);
    process.exit(1);
  },
);
