// SPDX-License-Identifier: Apache-2.0
// Commands that run to their end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { environment, logFile, root } from './paths.mjs';
import { Failure, say } from './say.mjs';

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command with its output in a log.
 * @param {string[]} command
 * @param {{ log: string, append?: boolean, env?: object, cwd?: string }} options `log` names the log
 * @returns {Promise<{ code: number | null, log: string }>}
 */
export async function run([program, ...parameters], { log, append = false, env = {}, cwd = root }) {
  const path = logFile(log);
  const descriptor = openSync(path, append ? 'a' : 'w', 0o600);
  try {
    const child = spawn(program, parameters, {
      cwd,
      env: { ...environment, ...env },
      stdio: ['ignore', descriptor, descriptor],
    });
    const forward = (signal) => child.kill(signal);
    for (const signal of endings) process.once(signal, forward);
    const [code, signal] = await once(child, 'exit');
    for (const ending of endings) process.off(ending, forward);
    if (endings.includes(signal)) process.exit(130); // we were asked to end, not only the child
    return { code, log: path };
  } catch (error) {
    throw new Failure(`cannot start ${program}: ${error.message}`, { cause: error });
  } finally {
    closeSync(descriptor);
  }
}

/** Runs a step of the set-up: one line when it is done, or a Failure with the end of its log. */
export async function step(doing, command, { mend, ...options }) {
  const start = Date.now();
  say(`${doing} ...`);
  const { code, log } = await run(command, options);
  if (code !== 0) throw new Failure(`${doing} (${command.join(' ')})`, { log, mend });
  const seconds = (Date.now() - start) / 1000;
  if (seconds > 5) say(`${doing}: done in ${seconds.toFixed(0)} s`);
}
