// SPDX-License-Identifier: Apache-2.0
import type { Difference } from '@undermesh/schema';
import { intervalPlaces } from '@/domain/latency/intervals';

const WIDTH = 104;
const HALF = WIDTH / 2;
const REACH = HALF - 4;

/** A difference with its 95 % interval against "no change"; an arrow where it leaves the scale. */
export function Interval({ difference }: { difference: Difference }) {
  const places = intervalPlaces(difference);
  const x = (at: number): number => HALF + at * REACH;
  const ink = places === null || places.unsure ? 'var(--unk)' : 'var(--text-1)';
  return (
    <svg width={WIDTH} height="18" aria-hidden="true">
      <path d={`M${HALF} 1v16`} stroke="var(--line-3)" />
      {places === null ? null : places.leaves === null ? (
        <>
          <path d={`M${x(places.low)} 9H${x(places.high)}`} stroke={ink} strokeWidth="1.5" />
          <path d={`M${x(places.low)} 6v6M${x(places.high)} 6v6`} stroke={ink} strokeWidth="1.2" />
          <circle
            cx={x(places.middle)}
            cy="9"
            r="3.3"
            fill={places.unsure ? 'var(--bg-1)' : ink}
            stroke={ink}
            strokeWidth="1.3"
          />
        </>
      ) : (
        <g transform={places.leaves === 'high' ? `translate(${WIDTH} 0) scale(-1 1)` : undefined}>
          <path d="M4 9h12" stroke={ink} strokeWidth="1.5" />
          <path d="m2 9 6-4v8z" fill={ink} />
        </g>
      )}
    </svg>
  );
}
