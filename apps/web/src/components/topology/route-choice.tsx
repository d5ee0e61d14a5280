// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Routes } from '@undermesh/schema';
import Link from 'next/link';
import { useFetch } from '@/data/use-fetch';
import type { UrlState } from '@/data/use-url';
import { formatNumber, formatShare, plural } from '@/domain/format';
import { routeName, ruleName } from '@/domain/routes/rows';
import { Section } from '../panel';

const REFRESH_SECONDS = 5;
const SHOWN = 6;

/** Why requests along an edge took their backend: the routes that kernels chose by, most taken first. */
export function RouteChoice({
  source,
  destination,
  link,
}: {
  /** `namespace/name` of both workloads. */
  source: string;
  destination: string;
  link: UrlState['link'];
}) {
  const { data } = useFetch<Routes>(
    '/api/v1/routes',
    { source, destination },
    { refreshSeconds: REFRESH_SECONDS },
  );
  const taken = (data?.items ?? [])
    .map((route) => ({ route, requests: route.between?.requests ?? 0 }))
    .sort((a, b) => b.requests - a.requests);
  const total = taken.reduce((sum, { requests }) => sum + requests, 0);
  if (total === 0) return null;
  return (
    <Section title="Why this backend" note="by route">
      <p className="t3 small">Of {plural(total, 'request')} since the collector started.</p>
      <ul className="items" aria-label="Routes taken">
        {taken.slice(0, SHOWN).map(({ route, requests }) => (
          <li key={route.number}>
            <div className="item-line">
              <Link
                className="plain-link mono medium cut"
                href={link('/routes/', { route: String(route.number) })}
              >
                {routeName(route)}
              </Link>
              <span className="fill" />
              <span title={plural(requests, 'request')}>{formatShare(requests / total)}</span>
            </div>
            <p className="t3 small cut">{chosenBy(route)}</p>
          </li>
        ))}
      </ul>
      {taken.length > SHOWN && <p className="t3 small">and {plural(taken.length - SHOWN, 'more route')}</p>}
    </Section>
  );
}

/** `shop/canary, rule 1, then by weight: catalogue 90, catalogue-v2 10`. */
function chosenBy(route: Routes['items'][number]): string {
  const rule = ruleName(route);
  if (rule === null) return 'No node tells what this number stands for.';
  const weights = route.backends
    .filter(({ backend }) => backend !== null)
    .map(({ backend, weight }) => `${backend?.replace(/^[^/]*\/|:\d+$/g, '')} ${formatNumber(weight)}`);
  return weights.length > 1 ? `${rule}, then by weight: ${weights.join(', ')}` : `${rule}, its one backend`;
}
