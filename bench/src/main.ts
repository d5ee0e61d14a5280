// SPDX-License-Identifier: Apache-2.0
// All benchmarks, or those that are named. Started by tools/bench.mjs once everything is built.
import { parseArgs } from 'node:util';
import { agent } from './agent.js';
import { bpfTime } from './bpf-time.js';
import { collector } from './collector.js';
import { connect } from './connect.js';
import { machine } from './cpu.js';
import { dualEngine } from './dual-engine.js';
import { hops } from './hops.js';
import { meshLoad } from './mesh-load.js';
import { native } from './native.js';
import { observeCpu } from './observe-cpu.js';
import { observeServices } from './observe-services.js';
import { queries } from './queries.js';
import { textTable } from './report.js';
import { type Outcome, save, writeDocument } from './results.js';
import { shortcut } from './shortcut.js';
import { engineSwitch } from './switch.js';
import { waypoint } from './waypoint.js';

const BENCHMARKS = [
  observeCpu,
  observeServices,
  bpfTime,
  dualEngine,
  connect,
  hops,
  native,
  waypoint,
  shortcut,
  engineSwitch,
  meshLoad,
  agent,
  collector,
  queries,
];

const usage = `npm run bench -- [options] [name...]
  --quick   fewer and shorter slices; wider intervals
  --save    write bench/results/<date>.json and docs/benchmarks.md
names:
${BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(14)}${title}`).join('\n')}
`;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        save: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
    if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(', ')}`);
    return { ...values, names: positionals };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

/** Has what was made leave with the process when it is interrupted; where there is a test bed, that sees to it. */
function leaveCleanly(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(130);
    });
  }
}

async function main(): Promise<void> {
  const { quick, names, help, save: saving } = readArguments();
  if (help) return say(usage);
  leaveCleanly();
  const at = new Date().toISOString();
  const chosen = BENCHMARKS.filter(({ name }) => names.length === 0 || names.includes(name));
  const done: Outcome[] = [];
  for (const { name, title, run } of chosen) {
    say(`\n== ${name}: ${title}`);
    const rows = await run({ quick, say: (line) => say(`   ${line} ...`) });
    if (rows.length === 0) continue; // it has said why
    say(`\n${textTable(rows)}`);
    done.push({ name, title, rows });
  }
  if (!saving) return;
  say(`\nsaved: ${save({ at, quick, machine: machine(), benchmarks: done })}`);
  writeDocument(BENCHMARKS.map(({ name }) => name));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});
