// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from 'node:fs';
import { agentError } from '../errors.js';

/**
 * Reads the agent's credential. Throws UndermeshError `credential_unreadable`, or `credential_permissions` when
 * others than its owner may read it.
 */
export function readCredential(path: string): string {
  let mode: number;
  let text: string;
  try {
    mode = statSync(path).mode;
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw agentError('credential_unreadable', `The credential file ${path} cannot be read.`, cause);
  }
  if ((mode & 0o077) !== 0) {
    const found = (mode & 0o777).toString(8).padStart(4, '0');
    throw agentError('credential_permissions', `The credential file ${path} has mode ${found}.`);
  }
  if (text === '') throw agentError('credential_unreadable', `The credential file ${path} is empty.`);
  return text;
}
