// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** One line of /proc/self/mountinfo. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  /** Which directory of the file system is mounted: '/' for all of it. */
  readonly root: string;
}

/** The mounts that this process sees, in order of mounting (proc(5), mountinfo). */
export function mounts(): Mount[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const fields = before.split(' ');
    return {
      root: decodeOctal(fields[3] ?? ''),
      point: decodeOctal(fields[4] ?? ''),
      type: after.split(' ')[0] ?? '',
    };
  });
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
