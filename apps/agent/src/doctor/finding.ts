// SPDX-License-Identifier: Apache-2.0
import { messageOf, UndermeshError } from '@undermesh/core';
import type { CheckVerdict, Finding } from '@undermesh/schema';
import { AGENT_ERRORS, type AgentErrorCode } from '../errors.js';

/** Writes down what one check found. */
export const found = (check: string, verdict: CheckVerdict, what: string, mend = ''): Finding => ({
  check,
  verdict,
  found: what,
  mend,
});

/** All is well. */
export const well = (check: string, what: string): Finding => found(check, 'ok', what);

/** Runs a check that throws when something is wrong: an agent's error says what happened and what to do. */
export function tried(check: string, look: () => string): Finding {
  try {
    return well(check, look());
  } catch (error) {
    if (error instanceof UndermeshError) {
      const advice: string | undefined = AGENT_ERRORS[error.code as AgentErrorCode];
      const what = advice === undefined ? error.message : error.message.replace(advice, '');
      return found(check, 'wrong', what.trim().replace(/\.$/, ''), advice);
    }
    return found(check, 'unknown', `it could not be looked at: ${messageOf(error)}`);
  }
}
