// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatJoinToken, parseJoinToken } from '../src/index.js';

const [secret, fingerprint] = ['-'.repeat(43), '_'.repeat(43)];

describe('a join token', () => {
  it.each([
    { fingerprint, secret },
    { fingerprint: null, secret },
  ])('%j is read as it was written', (token) => {
    expect(parseJoinToken(`${formatJoinToken(token)}\n`)).toEqual(token);
  });

  it.each(['', 'umj_', `umj_${secret}x`, `umt_${secret}`, `umj_${fingerprint}${secret}`])(
    '%j is none',
    (text) => {
      expect(parseJoinToken(text)).toBeNull();
    },
  );
});
