// SPDX-License-Identifier: Apache-2.0
import { type Command, InvalidArgumentError, Option } from 'commander';
import { accessOf, DEFAULT_COLLECTOR } from './api/access.js';
import { Client } from './api/client.js';
import type { Host } from './host.js';

export const OUTPUTS = ['table', 'json'] as const;
export type Output = (typeof OUTPUTS)[number];

/** Options of every command. */
export interface CommonOptions {
  readonly collector?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly output: Output;
}

/** Gives the program the options that all commands share. */
export function addCommonOptions(program: Command): void {
  program
    .option(
      '--collector <url>',
      `where the collector is (env: UNDERMESH_COLLECTOR; default: ${DEFAULT_COLLECTOR})`,
    )
    .option(
      '--token-file <file>',
      'file that holds the operator token (env: UNDERMESH_TOKEN, the token itself)',
    )
    .option(
      '--ca <authority>',
      'with https: who vouches for the collector, a PEM file or sha256:FINGERPRINT (env: UNDERMESH_CA)',
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(OUTPUTS).default('table'));
}

/** The client that these options ask for. Throws `usage_invalid` or `token_unreadable`. */
export const clientOf = (host: Host, options: CommonOptions): Client =>
  new Client(
    accessOf({
      collector: options.collector,
      tokenFile: options.tokenFile,
      ca: options.ca,
      environment: host.environment,
    }),
  );

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** Bounds of a window, seconds: the shortest step that figures are kept in, and 31 days. */
const WINDOW_SECONDS = { least: 10, most: 2_678_400 } as const;

/** `90`, `90s`, `30m`, `30min`, `24h`, `7d` as seconds. */
export function parseWindow(text: string): number {
  const [, amount, unit = 's'] = /^(\d{1,9})\s*([a-z]*)$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNITS[unit === '' ? 's' : unit] ?? Number.NaN);
  if (!(seconds >= WINDOW_SECONDS.least && seconds <= WINDOW_SECONDS.most)) {
    throw new InvalidArgumentError('Write a span from 10s to 31d, such as 90s, 30m, 24h or 7d.');
  }
  return seconds;
}

/** A whole number from 1 to 1,000: what one answer of the API holds. */
export function parseLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > 1000) {
    throw new InvalidArgumentError('Write a number from 1 to 1000.');
  }
  return limit;
}

/** `8080`, `80,443`. */
export function parsePorts(text: string): string {
  const isPort = (port: string): boolean => /^\d{1,5}$/.test(port) && Number(port) <= 65_535;
  if (!text.split(',').every(isPort)) {
    throw new InvalidArgumentError('Write ports from 0 to 65535, comma-separated.');
  }
  return text;
}

/** One or more of a fixed list, comma-separated. */
export const parseAmong =
  (allowed: readonly string[]) =>
  (text: string): string => {
    const wrong = text.split(',').find((value) => !allowed.includes(value));
    if (wrong !== undefined) {
      throw new InvalidArgumentError(`'${wrong}' is none of ${allowed.join(', ')}.`);
    }
    return text;
  };

/** `--window`, with its default. */
export const windowOption = (standard: string): Option =>
  new Option('--window <span>', 'look back this long, e.g. 90s, 30m, 24h, 7d')
    .argParser(parseWindow)
    .default(parseWindow(standard), standard);

/** `--limit`, with its default. */
export const limitOption = (standard: number): Option =>
  new Option('--limit <n>', 'print at most this many, up to 1000').argParser(parseLimit).default(standard);

/** `--system`. */
export const systemOption = (): Option => new Option('--system', "show Undermesh's own traffic too");
