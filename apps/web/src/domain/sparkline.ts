// SPDX-License-Identifier: Apache-2.0

export interface SparkPath {
  line: string;
  /** The line closed to the ground, one shape per unbroken run. */
  area: string;
  /** Place of an index. */
  x: (index: number) => number;
}

/** SVG paths of a zero-based trend. `null` breaks the line; a lone point becomes a short dash. */
export const sparkPath = (
  values: readonly (number | null)[],
  { width, height }: { width: number; height: number },
): SparkPath => {
  const top = Math.max(0, ...values.filter((value) => value !== null));
  const x = (index: number): number => 1 + (index * (width - 2)) / Math.max(1, values.length - 1);
  const y = (value: number): number => height - 2 - (top === 0 ? 0 : (value / top) * (height - 6));
  const text = (value: number): string => value.toFixed(1);
  let line = '';
  let area = '';
  let start: number | null = null;
  values.forEach((value, index) => {
    if (value === null) {
      start = null;
      return;
    }
    const point = `${text(x(index))} ${text(y(value))}`;
    const ends = (values[index + 1] ?? null) === null;
    if (start === null) {
      start = index;
      line += `M${point}`;
      area += `M${text(x(index))} ${height}L${point}`;
      if (ends) line += 'h1';
    } else {
      line += `L${point}`;
      area += `L${point}`;
    }
    if (ends) area += `L${text(x(index))} ${height}Z`;
  });
  return { line, area, x };
};
