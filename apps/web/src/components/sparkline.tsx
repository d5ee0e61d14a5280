// SPDX-License-Identifier: Apache-2.0
import { useId } from 'react';
import { sparkPath } from '@/domain/sparkline';

export interface SparklineProps {
  values: readonly (number | null)[];
  width?: number;
  height?: number;
  /** CSS colour; text-2 by default. */
  colour?: string;
  fill?: boolean;
  /** Indices from which to which figures are missing nodes: hatched. */
  missing?: readonly [number, number] | null;
  /** Moments to mark with a ▾, as places of 0 (first value) to 1 (last). */
  marks?: readonly number[];
  /** What it shows, in words; hidden from assistive technology without. */
  label?: string;
}

/** A trend without axes, from 0. Gaps stay gaps. It stretches to its width. */
export function Sparkline({
  values,
  width = 92,
  height = 22,
  colour = 'var(--text-2)',
  fill = false,
  missing = null,
  marks = [],
  label,
}: SparklineProps) {
  const id = useId();
  const { line, area, x } = sparkPath(values, { width, height });
  return (
    <svg
      width="100%"
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      className="sparkline"
      role={label === undefined ? undefined : 'img'}
      aria-label={label}
      aria-hidden={label === undefined ? 'true' : undefined}
    >
      {missing !== null && (
        <>
          <defs>
            <pattern id={id} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="1.6" height="5" fill="var(--hatch)" />
            </pattern>
          </defs>
          <rect
            x={x(missing[0])}
            y="2"
            width={Math.max(2, x(missing[1]) - x(missing[0]))}
            height={height - 2}
            fill={`url(#${id})`}
          />
        </>
      )}
      {fill && <path d={area} fill={colour} opacity="0.1" />}
      <path
        d={line}
        fill="none"
        stroke={colour}
        strokeWidth="1.4"
        strokeLinejoin="round"
        strokeLinecap="round"
        vectorEffect="non-scaling-stroke"
      />
      {marks.map((at) => (
        <path key={at} d={`M${1 + at * (width - 2) - 3} 0h6l-3 4.5z`} fill="var(--text-1)" />
      ))}
    </svg>
  );
}
