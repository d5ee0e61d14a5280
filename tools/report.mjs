// SPDX-License-Identifier: Apache-2.0
// Acceptance reports: what was run, on what, what came out. No paths of the machine.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { root } from './paths.mjs';

/** What figures depend on. */
export function machineFacts(now = new Date()) {
  return {
    date: now.toISOString().slice(0, 10),
    commit: firstLine('git', ['-C', root, 'rev-parse', '--short', 'HEAD']),
    kernel: release(),
    cores: String(availableParallelism()),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    'operating system': /^PRETTY_NAME="?([^"\n]*)/m.exec(read('/etc/os-release'))?.[1] ?? 'unknown',
    'Node.js': process.versions.node,
    clang: /version (\S+)/.exec(firstLine('clang', ['--version']))?.[1] ?? 'unknown',
  };
}

/**
 * A report in Markdown.
 * @param {{ title: string, command?: string, held: boolean, figures: object, note?: string, seconds: number }[]} results
 */
export function renderReport(area, facts, results) {
  const held = results.filter((one) => one.held).length;
  const lines = [
    `# Acceptance: ${area}`,
    '',
    `Written by \`npm run accept -- ${area}\`. ${held} of ${results.length} hold.`,
    '',
    ...table(['', ''], Object.entries(facts)),
    '',
    ...table(
      ['step', 'held', 'seconds'],
      results.map((one) => [one.title, one.held ? 'yes' : '**no**', one.seconds.toFixed(1)]),
    ),
  ];
  for (const { title, command, figures, note } of results) {
    lines.push('', `## ${title}`, '');
    if (command) lines.push('```sh', command, '```', '');
    if (note) lines.push(note, '');
    if (Object.keys(figures).length > 0) lines.push(...table(['figure', 'value'], Object.entries(figures)));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** Lines of a table in Markdown. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function firstLine(program, parameters) {
  try {
    return execFileSync(program, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
      '\n',
    )[0];
  } catch {
    return 'unknown';
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
