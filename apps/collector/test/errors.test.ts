// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { problemOf } from '../src/api/problem.js';
import { COLLECTOR_ERRORS, CollectorError, type CollectorErrorCode } from '../src/errors.js';

const documented =
  readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8').split('## Collector')[1] ?? '';
const frame = readFileSync(new URL('../../../packages/schema/src/frame.ts', import.meta.url), 'utf8');
const FRAME_CODES = [...new Set([...frame.matchAll(/'(frame_[a-z]+)'/g)].map(([, code]) => code ?? ''))];

describe('the error catalogue', () => {
  it.each([...Object.keys(COLLECTOR_ERRORS), ...FRAME_CODES])('%s is in docs/errors.md', (code) => {
    expect(documented).toMatch(new RegExp(`^\\|.*\`${code}\`.*\\|.+\\|.+\\|$`, 'm'));
  });

  it.each(Object.keys(COLLECTOR_ERRORS) as CollectorErrorCode[])('%s becomes problem details', (code) => {
    const { status, title } = COLLECTOR_ERRORS[code];
    const problem = problemOf(new CollectorError(code, 'why'));
    expect(problem).toEqual({ type: `urn:undermesh:error:${code}`, title, status, code, detail: 'why' });
  });

  it('tells nothing of what went wrong inside', () => {
    expect(JSON.stringify(problemOf(new Error('secret path')))).not.toContain('secret');
  });
});
