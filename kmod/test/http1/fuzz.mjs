// SPDX-License-Identifier: Apache-2.0
// npm run fuzz -w @undermesh/kmod -- SECONDS: fuzzes for as long as one likes. What was found stays in dist/fuzz, which
// the next run begins with; its log tells how many executions there were.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fuzz } from './fuzzer.mjs';

const seconds = Number(process.argv[2] ?? 3600);
if (!(seconds > 0)) {
  console.error(`"${process.argv[2]}" is no number of seconds`);
  process.exit(2);
}
const directory = fileURLToPath(new URL('../../dist/fuzz', import.meta.url));
mkdirSync(directory, { recursive: true });
const seeds = ['GET / HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'];
const { code, executions, output } = await fuzz({
  seconds,
  seeds,
  corpus: `${directory}/corpus`,
  onOutput: (text) => process.stderr.write(text),
});
writeFileSync(`${directory}/log`, output);
console.log(
  `${executions} executions in ${seconds} s: ${code === 0 ? 'nothing found' : `see ${directory}/log`}`,
);
process.exit(code === 0 ? 0 : 1);
