// SPDX-License-Identifier: Apache-2.0
// npm run fuzz -w @undermesh/kmod -- SECONDS [WORKERS]: fuzzes for as long as one likes, without sanitizers; all that was
// found is read once more by them. What was found stays in dist/fuzz, which the next run begins with. All runs stand in
// docs/acceptance/http1-fuzz.md.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../../tools/paths.mjs';
import { machineFacts, table } from '../../../tools/report.mjs';
import { readerDigest } from './compile.mjs';
import { fuzz } from './fuzzer.mjs';

const [seconds, workers] = [process.argv[2] ?? 3600, process.argv[3] ?? 1].map(Number);
if (!(seconds > 0) || !(workers > 0)) {
  console.error('how long, and in how many processes? npm run fuzz -w @undermesh/kmod -- SECONDS [WORKERS]');
  process.exit(2);
}
const NOTHING = 'nothing';
const directory = fileURLToPath(new URL('../../dist/fuzz', import.meta.url));
const corpus = join(directory, 'corpus');
const file = join(root, 'docs/acceptance/http1-fuzz.md');
mkdirSync(directory, { recursive: true });
const seeds = ['GET / HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'];
const facts = { ...machineFacts(), reader: readerDigest() };
const began = Date.now();
const { code, executions, output } = await fuzz({
  ...{ seconds, workers, seeds, corpus, fast: true },
  onOutput: (text) => process.stderr.write(text),
});
writeFileSync(join(directory, 'log'), output);
const took = (Date.now() - began) / 1000;
const run = { ...facts, workers, seconds: took, executions, rate: executions / took, found: code !== 0 };
writeFileSync(file, report([...runsOf(existsSync(file) ? readFileSync(file, 'utf8') : ''), run]));
console.log(`${executions} executions: ${code === 0 ? 'nothing found' : `see ${directory}/log`}`);
process.exit(code === 0 ? 0 : 1);

/** The runs that a report tells of. */
function runsOf(text) {
  const rows = text.split('\n').filter((line) => /^\| \d{4}-/.test(line));
  return rows.map((row) => {
    const [date, commit, reader, processes, clock, executed, each, found] = row.slice(2, -2).split(' | ');
    const number = (written) => Number(written.replaceAll(',', ''));
    const counts = {
      workers: number(processes),
      seconds: number(clock),
      executions: number(executed),
      rate: number(each),
    };
    return { date, commit, reader, ...counts, found: found !== NOTHING };
  });
}

function report(all) {
  const count = (number) => Math.round(number).toLocaleString('en');
  const executionsOf = (some) => some.reduce((sum, one) => sum + one.executions, 0);
  const { reader } = all.at(-1);
  const ofThis = all.filter((one) => one.reader === reader);
  const found = all.filter((one) => one.found).length;
  const columns = ['date', 'commit', 'reader', 'processes', 'seconds', 'executions', 'per second', 'found'];
  const rows = all.map((one) => [
    ...[one.date, one.commit, one.reader, one.workers, count(one.seconds), count(one.executions)],
    ...[count(one.rate), one.found ? '**yes**' : NOTHING],
  ]);
  return `# Acceptance: the reader of HTTP/1.1 under a fuzzer

Written by \`npm run fuzz -w @undermesh/kmod\`. ${count(executionsOf(all))} executions, ${count(executionsOf(ofThis))} of them
of the reader as it was in the last run (${reader}, the front of a digest of its sources); ${found ? `**${found} runs found something**` : 'nothing was found'}.

An execution is one stream that libFuzzer made: read as a request, as a response (each in one piece and cut at random, which must
come to the same), and as both directions of a connection. \`kmod/test/http1/fuzz.c\` says what must hold. These runs are without
sanitizers, each piece in front of a page that cannot be read; the ${count(readdirSync(corpus).length)} inputs that cover something of their own
were read once more with the sanitizers of addresses and of undefined behaviour. \`npm test\` fuzzes with those for some seconds.

${table(columns, rows).join('\n')}

Seconds are those of the clock, also when the machine was busy with something else. ${machine(all.at(-1))}
`;
}

function machine({ kernel, cores, memory, clang }) {
  return `The last run: kernel ${kernel}, ${cores} cores, ${memory}, clang ${clang}.`;
}
