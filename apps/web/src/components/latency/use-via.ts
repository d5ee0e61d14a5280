// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Edges, Via } from '@undermesh/schema';
import { useFetch } from '@/data/use-fetch';
import type { LatencyView } from '@/domain/latency/view';

const REFRESH_SECONDS = 10;

/** The waypoint that requests between both peers of the page go through; `null`: none, or not both are chosen. */
export function useVia(
  { level, from, to }: LatencyView,
  { window, system }: { window: number; system: boolean },
): Via | null {
  const { data } = useFetch<Edges>(
    from === null || to === null ? null : '/api/v1/edges',
    { level, source: from, destination: to, window, limit: 10, ...(system ? { system } : {}) },
    { refreshSeconds: REFRESH_SECONDS },
  );
  if (from === null || to === null) return null;
  return data?.items.find(({ via }) => via !== null)?.via ?? null;
}
