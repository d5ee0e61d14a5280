// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { STANDARD_OUTPUT, type WrittenBundle } from './bundle.js';

/** How far log lines and changes go back unless told otherwise, and at most, minutes. */
export const MINUTES = { standard: 60, most: 10_080 } as const;

/** Reads a span in whole minutes; `undefined` when it is none. */
export function parseMinutes(text: string): number | undefined {
  const minutes = Number(text);
  return /^\d{1,5}$/.test(text) && minutes >= 1 && minutes <= MINUTES.most ? minutes : undefined;
}

/** Name of the file where nobody gave one: no name of a machine is in it. */
export const defaultFile = (program: string, now = new Date()): string =>
  `${program}-support-${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z.tar.gz`;

/** Whether there is something already where a bundle is to be written. */
export const isTaken = (file: string): boolean => file !== STANDARD_OUTPUT && existsSync(file);

/** What was written and what is not in it, for who asked, line by line. */
export function bundleSummary({ file, bytes, manifest }: WrittenBundle): string[] {
  const missing = manifest.parts.filter(({ error }) => error !== undefined);
  const there = manifest.parts.length - missing.length;
  return [
    `Wrote ${file === STANDARD_OUTPUT ? 'to standard output' : file}: ${there} of ${manifest.parts.length} parts, ${Math.ceil(bytes / 1024)} KiB. It holds no secrets; its README.md says what it holds.`,
    ...missing.map((part) => `Not in it: ${part.file} (${part.error})`),
  ];
}
