// SPDX-License-Identifier: Apache-2.0

/** Insets of the plot within a latency chart, px: the heat map, its overlay and the time split below share left and right. */
export const PLOT = { left: 46, right: 92, bottom: 26 } as const;
/** Height of the row of flags and of the row of brackets above the heat map. */
export const FLAG_ROW = 26;
export const BRACKET_ROW = 28;

/** Space above the plot: for flags and brackets where there are any. */
export const topOf = ({ flags, brackets }: { flags: boolean; brackets: boolean }): number =>
  10 + (flags ? FLAG_ROW : 0) + (brackets ? BRACKET_ROW : 0);

/** Where a chart's plot is, in px of its box. */
export interface PlotBox {
  left: number;
  top: number;
  width: number;
  height: number;
}

export const plotBox = (size: { width: number; height: number }, top: number): PlotBox => ({
  left: PLOT.left,
  top,
  width: Math.max(1, size.width - PLOT.left - PLOT.right),
  height: Math.max(1, size.height - top - PLOT.bottom),
});
