// SPDX-License-Identifier: Apache-2.0
import type { Tokens } from '@/theme/tokens';

export interface Mark {
  /** Epoch ms. */
  at: number;
  text: string;
}

/** Changes on a clock as a series' markLine: dashed ink lines with their number on top. */
export const changeMarks = (tokens: Tokens, marks: readonly Mark[]) => ({
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
  data: marks.map(({ at, text }) => ({ xAxis: at, label: { formatter: text } })),
});
