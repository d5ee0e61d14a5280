// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../tools/paths.mjs';

const program = join(root, 'apps/collector/bin/undermesh-collector.mjs');

/** Makes an operator's token for a collector, which must not run yet. */
export function operatorToken(data: string, name = 'operator'): string {
  const command = [program, 'token', 'reset', '--name', name, '--data', data];
  const line = execFileSync(process.execPath, command, { encoding: 'utf8' });
  return /UNDERMESH_TOKEN=(\S+)/.exec(line)?.[1] ?? '';
}
