// SPDX-License-Identifier: Apache-2.0
import { messageOf, UndermeshError } from '@undermesh/core';
import {
  bundleSummary,
  defaultFile,
  isTaken,
  MINUTES,
  parseMinutes,
  STANDARD_OUTPUT,
} from '@undermesh/support';
import type { AgentConfigSources } from '../config/load.js';
import { agentError } from '../errors.js';
import { supportBundle } from './bundle.js';

/** What was typed behind `undermesh-agent support-bundle`. */
export interface SupportFlags {
  readonly file?: string | undefined;
  readonly minutes?: string | undefined;
  readonly log?: string | undefined;
  readonly anonymise?: boolean | undefined;
}

/**
 * `undermesh-agent support-bundle`: writes the file and says what is in it, on standard error where the file goes to standard
 * output. Throws UndermeshError `config_invalid` or `bundle_unwritable`.
 */
export async function supportCommand(
  sources: AgentConfigSources,
  flags: SupportFlags,
  print: (text: string) => void,
): Promise<void> {
  const { file = defaultFile('undermesh-agent'), log, anonymise = false } = flags;
  const minutes = parseMinutes(flags.minutes ?? String(MINUTES.standard));
  if (minutes === undefined) {
    const message = `Cannot use the command line: --minutes takes a number from 1 to ${MINUTES.most}. See --help.`;
    throw new UndermeshError({ code: 'config_invalid', message });
  }
  if (isTaken(file)) throw agentError('bundle_unwritable', `${file} is there already.`);
  let summary: string;
  try {
    summary = bundleSummary(await supportBundle(sources, { file, minutes, anonymise, log })).join('\n');
  } catch (error) {
    throw agentError('bundle_unwritable', `${file} cannot be written: ${messageOf(error)}.`, error);
  }
  if (file === STANDARD_OUTPUT) process.stderr.write(`${summary}\n`);
  else print(summary);
}
