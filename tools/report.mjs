// SPDX-License-Identifier: Apache-2.0
// Acceptance reports: what was run, on what, what came out. No paths of the machine.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { root } from './paths.mjs';

/** Of a step, in the table. */
const HELD = 'yes';

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
 * What a report says of one step.
 * @param {{ date: string, commit: string }} facts of the run
 * @param {{ title: string, command?: string, held: boolean, figures: object, note?: string, seconds: number }} result
 * @returns {Entry}
 *
 * @typedef {{ cells: string[], section: string }} Entry `cells`: its line in the table of steps
 */
export function entryOf({ date, commit }, { title, command, held, figures, note, seconds }) {
  const lines = [`## ${title}`, ''];
  if (command) lines.push('```sh', command, '```', '');
  if (note) lines.push(note, '');
  if (Object.keys(figures).length > 0) lines.push(...table(['figure', 'value'], Object.entries(figures)));
  return {
    cells: [title, held ? HELD : '**no**', seconds.toFixed(1), date, commit],
    section: lines.join('\n').trimEnd(),
  };
}

/** The entries of a report, by title. @param {string} text of an earlier run; may be empty */
export function entriesOf(text) {
  const [head, ...sections] = text.split(/\n(?=## )/);
  const rows = head.split('\n').filter((line) => line.startsWith('| '));
  const lines = new Map(rows.map(cellsOf).map((cells) => [cells[0], cells]));
  const run = ['date', 'commit'].map((fact) => lines.get(fact)?.[1]); // steps of earlier reports do not say it each
  return new Map(
    sections.flatMap((section) => {
      const title = section.slice('## '.length, section.indexOf('\n'));
      const [, held, seconds, ...own] = lines.get(title) ?? [];
      if (held === undefined) return [];
      return [
        [
          title,
          { cells: [title, held, seconds, ...(own.length > 0 ? own : run)], section: section.trimEnd() },
        ],
      ];
    }),
  );
}

/** Of a line of a table. */
const cellsOf = (line) =>
  line
    .slice('| '.length, -' |'.length)
    .split(/(?<!\\) \| /)
    .map((cell) => cell.replaceAll('\\|', '|'));

/**
 * A report in Markdown.
 * @param {string} area
 * @param {Record<string, string>} facts of the last run
 * @param {{ titles: string[], entries: Map<string, Entry> }} steps all titles in their order; some may not have run
 */
export function renderReport(area, facts, { titles, entries }) {
  const told = titles.map((title) => entries.get(title)).filter((entry) => entry !== undefined);
  const held = told.filter(({ cells }) => cells[1] === HELD).length;
  const missing = titles.length - told.length;
  const lines = [
    `# Acceptance: ${area}`,
    '',
    `Written by \`npm run accept -- ${area}\`. ${held} of ${titles.length} hold${missing > 0 ? `, ${missing} have not run` : ''}.`,
    '',
    ...table(['', ''], Object.entries(facts)),
    '',
    ...table(
      ['step', 'held', 'seconds', 'on', 'commit'],
      titles.map((title) => entries.get(title)?.cells ?? [title, 'not run', '', '', '']),
    ),
  ];
  return `${[lines.join('\n'), ...told.map(({ section }) => section)].join('\n\n')}\n`;
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
