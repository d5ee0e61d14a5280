// SPDX-License-Identifier: Apache-2.0
import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

/** Names of fields that never reach a log, at any depth down to two. */
const SECRET_FIELDS = ['token', 'credential', 'authorization', 'cookie', 'password'];
const redact = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
/** Least severe level that is written. */
export type LogLevel = (typeof LEVELS)[number];
export const LOG_LEVELS: readonly LogLevel[] = LEVELS;

/** Lines go to standard error: standard output belongs to what a command was asked for. */
const root: Logger = pino(
  { level: 'info', base: null, redact, timestamp: stdTimeFunctions.isoTime },
  destination({ fd: 2, sync: true }),
);
const children: Logger[] = [];

/** A logger whose every line names its component. Messages are constant; data goes into fields. */
export function createLogger(component: string): Logger {
  const child = root.child({ component });
  children.push(child);
  return child;
}

/** Sets the level of every logger of the process, those already made included. */
export function setLogLevel(level: LogLevel): void {
  root.level = level;
  for (const child of children) child.level = level;
}
