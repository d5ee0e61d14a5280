// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AGENT_ERRORS } from '../src/index.js';

describe('errors', () => {
  const documented = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

  it.each(Object.entries(AGENT_ERRORS))('%s is in docs/errors.md with what to do', (code, advice) => {
    expect(documented).toContain(`\`${code}\``);
    expect(documented).toContain(advice);
  });
});
