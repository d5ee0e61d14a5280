// SPDX-License-Identifier: Apache-2.0
// Where things are. The environment is read here and nowhere else in the launcher.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { env, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Databases, credentials, logs of this installation. */
export const stateDirectory = resolve(env.UNDERMESH_STATE ?? join(root, '.undermesh'));

/** A program that npm installed. */
export const binary = (name) => join(root, 'node_modules', '.bin', name);

/** The npm that runs us, or else the one on the PATH. */
export const npm = env.npm_execpath?.endsWith('.js') ? [execPath, env.npm_execpath] : ['npm'];

/** Whether npm started this process, and so ought to outlive it. */
export const startedByNpm = env.npm_lifecycle_event !== undefined;

/** The environment for programs that we start: theirs, without telemetry. */
export const environment = {
  ...env,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  NEXT_TELEMETRY_DISABLED: '1',
};

/** The log of one program, below the state directory. */
export function logFile(name) {
  const directory = join(stateDirectory, 'logs');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return join(directory, `${name}.log`);
}
