// SPDX-License-Identifier: Apache-2.0
import type { Quantiles } from '@undermesh/schema';
import { formatDuration } from '@/domain/format';
import { quantilePlaces } from '@/domain/quantile-places';

/** p50, p90 and p99 on one logarithmic line: how far the slow ones are from the usual ones. */
export function QuantileBar({ quantiles }: { quantiles: Quantiles }) {
  const places = quantilePlaces(quantiles);
  if (places === null) return <div className="t3 small">no data</div>;
  const described = places.map(({ name, value }) => `${name} ${formatDuration(value)}`).join(', ');
  return (
    <div className="quantiles" role="img" aria-label={described}>
      <svg width="100%" height="10" viewBox="0 0 246 10" preserveAspectRatio="none" aria-hidden="true">
        <path d="M1 5h244" stroke="var(--line-2)" vectorEffect="non-scaling-stroke" />
        <path
          d={`M${1 + (places[0]?.at ?? 0) * 244} 5H${1 + (places[2]?.at ?? 1) * 244}`}
          stroke="var(--line-3)"
          strokeWidth="3"
          vectorEffect="non-scaling-stroke"
        />
        {places.map(({ name, at }) => (
          <path
            key={name}
            d={`M${1 + at * 244} 0v10`}
            stroke="var(--text-2)"
            strokeWidth="1.6"
            vectorEffect="non-scaling-stroke"
          />
        ))}
      </svg>
      <div className="quantile-names" aria-hidden="true">
        {places.map(({ name, value }) => (
          <span key={name}>
            {name} <b>{formatDuration(value)}</b>
          </span>
        ))}
      </div>
    </div>
  );
}
