// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Engines } from '@undermesh/schema';
import { useEffect, useState } from 'react';
import { type OpenSample, sampleOf, withSample } from '@/domain/engines/draining';

/** The collector tells what is open now: its course is what this page has seen since it was loaded. */
const seen = new Map<string, readonly OpenSample[]>();
const NONE: readonly OpenSample[] = [];

/** Open connections of a node by engine, as this page saw them. `at`: epoch ms of the last message. */
export function useOpenHistory(
  engines: Engines | null,
  at: number | null,
  node: string | null,
): readonly OpenSample[] {
  const [, setRound] = useState(0);
  useEffect(() => {
    if (engines === null || at === null) return;
    for (const item of engines.items) {
      seen.set(item.node, withSample(seen.get(item.node) ?? NONE, sampleOf(item.engine, at)));
    }
    setRound((round) => round + 1);
  }, [engines, at]);
  return node === null ? NONE : (seen.get(node) ?? NONE);
}
