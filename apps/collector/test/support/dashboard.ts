// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Texts of a dashboard's files. */
export interface Dashboard {
  /** At `/` and `/topology/`. */
  readonly page: string;
  /** Where nothing is. */
  readonly missing: string;
  /** At `/_next/static/a.js`. */
  readonly script: string;
}

/** Writes a dashboard as it is built, of two pages; returns its directory, which the caller removes. */
export function writeDashboard({ page, missing, script }: Dashboard): string {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-web-'));
  mkdirSync(join(directory, 'topology'));
  mkdirSync(join(directory, '_next/static'), { recursive: true });
  writeFileSync(join(directory, 'index.html'), page);
  writeFileSync(join(directory, 'topology/index.html'), page);
  writeFileSync(join(directory, '404.html'), missing);
  writeFileSync(join(directory, '_next/static/a.js'), script);
  return directory;
}
