// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, freemem, release, totalmem, uptime } from 'node:os';

/** What a program runs on. Sizes in bytes. */
export function platform(): Record<string, unknown> {
  return {
    nodejs: process.versions.node,
    openssl: process.versions.openssl,
    kernel: release(),
    architecture: arch(),
    distribution: distribution(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    upSeconds: Math.round(uptime()),
  };
}

/** ID and VERSION_ID of os-release(5); `null` where it says nothing. */
function distribution(): string | null {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    const of = (key: string): string => new RegExp(`^${key}="?([a-z0-9._-]+)"?$`, 'm').exec(text)?.[1] ?? '';
    return `${of('ID')} ${of('VERSION_ID')}`.trim() || null;
  } catch {
    return null;
  }
}
