// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { agentError } from '../errors.js';
import { join, type MembershipConfig, readToken } from './join.js';

/**
 * `undermesh-agent join`: gets a certificate by a token, or by a service account where that is configured. Returns what to
 * say. Throws UndermeshError as {@link join} does.
 */
export async function joinCommand(config: MembershipConfig): Promise<string> {
  const { tokenFile, serviceAccountToken } = config.join;
  if (tokenFile === '' && serviceAccountToken === '') {
    throw agentError(
      'join_failed',
      'There is no token: name its file by --token-file, or - for standard input.',
    );
  }
  // No flag takes the token itself: the arguments of a program can be read by others.
  const token =
    tokenFile === '-' ? readFileSync(0, 'utf8').trim() : readToken(tokenFile || serviceAccountToken);
  const { expiresAt } = await join(config, tokenFile === '' ? { serviceAccountToken: token } : { token });
  const until = new Date(expiresAt).toISOString();
  return `${config.node} has joined. Its certificate is good until ${until} and is renewed by the agent while it runs.`;
}
