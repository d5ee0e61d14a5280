// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { messageOf } from '@undermesh/core';
import { type CheckVerdict, type Finding, parseFindings } from '@undermesh/schema';
import type { Command } from 'commander';
import { cliError } from '../errors.js';
import type { Host } from '../host.js';
import { type CommonOptions, clientOf } from '../options.js';
import { printJson } from '../output/json.js';
import type { Line, Span } from '../output/line.js';
import { prose } from '../output/terminal.js';
import { plural } from '../words/figures.js';

/** Options of who has the agent look at the node. */
export interface DoctorOptions extends CommonOptions {
  readonly agent: string;
  readonly config?: string;
}

/** Adds `undermesh doctor`. */
export function addDoctor(program: Command, host: Host): void {
  program
    .command('doctor')
    .description('what is wrong with this node, its agent and the way to the collector, and what to do')
    .option('--agent <program>', 'the agent that looks at the node', 'undermesh-agent')
    .option('--config <file>', "the agent's undermesh.yaml")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<DoctorOptions>();
      const findings = [...(await findingsOfNode(options, host)), await findingOfCommandLine(options, host)];
      if (options.output === 'json') printJson(host.terminal, findings);
      else host.terminal.print(doctorLines(findings).flatMap((line) => prose(host.terminal, line, '   ')));
      const wrong = findings.filter(({ verdict }) => verdict === 'wrong').length;
      if (wrong > 0) throw cliError('node_unwell', `${wrong} of ${findings.length} checks failed.`);
    });
}

/** What this node's agent says of it. Throws `doctor_missing`. */
export function findingsOfNode({ agent, config }: DoctorOptions, { environment }: Host): Promise<Finding[]> {
  const parameters = ['doctor', '--json', ...(config === undefined ? [] : ['--config', config])];
  return new Promise((resolve, reject) => {
    execFile(agent, parameters, { env: { ...environment } }, (error, stdout, stderr) => {
      const findings = parseFindings(stdout);
      if (findings !== undefined) return resolve(findings);
      const why = stderr.trim() || messageOf(error);
      reject(cliError('doctor_missing', `${agent} does not say how this node is: ${why}.`, error));
    });
  });
}

/** Whether this program itself gets answers. */
async function findingOfCommandLine(options: DoctorOptions, host: Host): Promise<Finding> {
  const check = 'command-line';
  try {
    const { nodes } = await clientOf(host, options).get('status');
    const found = `the collector answers, and knows ${plural(nodes.total, 'node')}`;
    return { check, verdict: 'ok', found, mend: '' };
  } catch (error) {
    return { check, verdict: 'wrong', found: messageOf(error), mend: '' };
  }
}

const MARKS: Readonly<Record<CheckVerdict, Span>> = {
  ok: { text: '✓', style: 'green' },
  unknown: { text: '?', style: 'dim' },
  warning: { text: '▲', style: 'yellow' },
  wrong: { text: '✖', style: 'red' },
};
/** What is wrong stands last, where it is seen. */
const ORDER: readonly CheckVerdict[] = ['ok', 'unknown', 'warning', 'wrong'];

/** A line for each finding, and below it what to do. */
export function doctorLines(findings: readonly Finding[]): Line[] {
  return [...findings]
    .sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict))
    .flatMap(({ check, verdict, found, mend }): Line[] => {
      const line: Line = [MARKS[verdict], ' ', { text: check, style: 'bold' }, `  ${found}`];
      return mend === '' ? [line] : [line, ['   ', { text: mend, style: 'cyan' }]];
    });
}
