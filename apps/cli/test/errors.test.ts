// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLI_ERRORS } from '../src/index.js';

describe('errors', () => {
  const documented = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8').split(
    '## Command line',
  )[1];

  it.each(Object.entries(CLI_ERRORS))('%s is in docs/errors.md with what to do', (code, advice) => {
    expect(documented).toContain(`| \`${code}\` |`);
    expect(documented).toContain(advice);
  });
});
