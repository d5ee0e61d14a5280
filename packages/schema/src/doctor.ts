// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';

/** What a check of a set-up comes to: `wrong` keeps something from working, `unknown` could not be looked at. */
export const CHECK_VERDICTS = ['ok', 'warning', 'wrong', 'unknown'] as const;
export type CheckVerdict = (typeof CHECK_VERDICTS)[number];

/** What a doctor found out about one thing. */
export const Finding = Type.Object({
  /** Stable, e.g. `cgroup2`. */
  check: Type.String({ minLength: 1 }),
  verdict: Type.Unsafe<CheckVerdict>(Type.Enum([...CHECK_VERDICTS])),
  /** What is so, as a sentence without its full stop. */
  found: Type.String(),
  /** What to do; empty when there is nothing to do. */
  mend: Type.String(),
});
export type Finding = Static<typeof Finding>;

/** What `undermesh-agent doctor --json` prints. */
export const Findings = Type.Array(Finding);

/** Reads what a doctor printed; `undefined` when it is something else. */
export function parseFindings(text: string): Finding[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(Findings, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
