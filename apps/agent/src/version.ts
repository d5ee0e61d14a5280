// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';

/** Release of this agent. */
export function agentVersion(): string {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  return version;
}
