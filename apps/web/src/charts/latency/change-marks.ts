// SPDX-License-Identifier: Apache-2.0
import type { Tokens } from '@/theme/tokens';

export interface Mark {
  /** Epoch ms. */
  at: number;
  text: string;
}

/** Which of the marks can say their number: the latest first, and none closer than `apart` ms to one that does. */
const saying = (marks: readonly Mark[], apart: number): ReadonlySet<Mark> => {
  const said: Mark[] = [];
  for (const mark of [...marks].sort((a, b) => b.at - a.at)) {
    if (said.every(({ at }) => Math.abs(at - mark.at) >= apart)) said.push(mark);
  }
  return new Set(said);
};

/**
 * Changes on a clock as a series' markLine: dashed ink lines with their number on top, which is left out where it would
 * cover another. `apart`: ms that a number takes.
 */
export const changeMarks = (tokens: Tokens, marks: readonly Mark[], apart: number) => ({
  silent: true,
  symbol: 'none',
  lineStyle: { color: tokens['text-1'], width: 1, type: [3, 3] as never },
  label: {
    show: true,
    position: 'end' as const,
    distance: 2,
    color: tokens['text-1'],
    backgroundColor: tokens['bg-3'],
    borderColor: tokens['line-2'],
    borderWidth: 1,
    borderRadius: 4,
    padding: [3, 5, 3, 5],
    fontSize: 11,
    fontWeight: 500 as const,
    fontFamily: tokens.sans,
  },
  data: marks.map((mark) => ({
    xAxis: mark.at,
    label: { formatter: mark.text, show: saying(marks, apart).has(mark) },
  })),
});
