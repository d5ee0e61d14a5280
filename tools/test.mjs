// SPDX-License-Identifier: Apache-2.0
// npm test: everything that must hold before a commit, in one go. Its last line is the sum.
// With words after it, only what they match: npm test -- tools packages/schema
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mountBpffs, unmountBpffs } from './bpffs.mjs';
import { prepare } from './build.mjs';
import { checkHost } from './host.mjs';
import { purposesOfTests } from './packages.mjs';
import { npm, root } from './paths.mjs';
import { check, runKernels, runPlaywright, runVitest, vitestWorkspaces } from './runners.mjs';
import { explain, say } from './say.mjs';
import { add, plainLine, summaryLine, unexpectedSkips } from './summary.mjs';
import { sweep } from './testbed/testbed.mjs';

const expected = JSON.parse(readFileSync(join(root, 'tools/expected-skips.json'), 'utf8'));

function suites() {
  const browser = readdirSync(join(root, 'playwright'), { recursive: true }).some(
    (name) => /\.spec\.ts$/.test(name) && !name.includes('node_modules'),
  );
  return [
    ['lint', () => check([...npm, 'run', '--silent', 'lint'])],
    ['kernels', runKernels],
    ...['tools', ...vitestWorkspaces()].map((directory) => [directory, () => runVitest(directory)]),
    ...(browser ? [['playwright', () => runPlaywright('playwright')]] : []),
  ];
}

const chosen = (name, words) => words.length === 0 || words.some((word) => name.includes(word));

async function runAll(suites) {
  const results = [];
  for (const [name, run] of suites) {
    say(`\n== ${name}`);
    const began = performance.now();
    results.push({ name, counts: await run(), seconds: (performance.now() - began) / 1000 });
  }
  return results;
}

function listSkips(skipped, unexpected) {
  for (const skip of skipped) {
    const mark = unexpected.includes(skip) ? 'UNEXPECTED SKIP' : 'skipped';
    say(`${mark}: ${skip.name}${skip.reason ? `: ${skip.reason}` : ''}`);
  }
  if (unexpected.length > 0)
    say('An unexpected skip fails. One that has to be belongs into tools/expected-skips.json.');
}

async function main() {
  const words = process.argv.slice(2);
  checkHost('npm test');
  await prepare(purposesOfTests);
  await sweep('undermesh-test');
  const mounted = mountBpffs(); // whoever finds it mounted leaves it to the others
  const results = await runAll(suites().filter(([name]) => chosen(name, words)));
  if (mounted) await unmountBpffs(mounted).catch(() => {}); // somebody else's pins may be there by now
  const sum = add(results.map(({ counts }) => counts));
  const unexpected = unexpectedSkips(sum.skipped, expected);
  say('');
  listSkips(sum.skipped, unexpected);
  for (const { name, message } of sum.failures) say(`FAILED: ${name}: ${plainLine(message)}`);
  for (const { name, counts, seconds } of results)
    say(`${name.padEnd(22)} ${summaryLine(counts).padEnd(36)} ${seconds.toFixed(0).padStart(4)} s`);
  say('');
  say(summaryLine({ ...sum, failed: sum.failed + unexpected.length }));
  return sum.failed + unexpected.length === 0 && sum.passed > 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    explain(error);
    say('0 passed, 1 failed, 0 skipped');
    process.exit(1);
  },
);
