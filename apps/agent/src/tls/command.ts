// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline/promises';
import { join, type MembershipConfig, readToken } from './join.js';

/**
 * `undermesh-agent join`: gets a certificate by a service account where that is configured, else by a token: out of a file,
 * or asked for. Returns what to say. Throws UndermeshError as {@link join} does.
 */
export async function joinCommand(config: MembershipConfig): Promise<string> {
  const { tokenFile, serviceAccountToken } = config.join;
  const proof =
    tokenFile === '' && serviceAccountToken !== ''
      ? { serviceAccountToken: readToken(serviceAccountToken) }
      : { token: tokenFile === '' || tokenFile === '-' ? await askForToken() : readToken(tokenFile) };
  const { expiresAt } = await join(config, proof);
  const until = new Date(expiresAt).toISOString();
  return `${config.node} has joined. Its certificate is good until ${until} and is renewed by the agent while it runs.`;
}

/** No flag takes the token itself: the arguments of a program can be read by others. */
async function askForToken(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  if (process.stdin.isTTY) process.stderr.write('Join token (undermesh agents add NODE prints it): ');
  for await (const line of lines) {
    lines.close();
    return line.trim();
  }
  return '';
}
