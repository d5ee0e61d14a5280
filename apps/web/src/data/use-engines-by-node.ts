// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Engine, Engines } from '@undermesh/schema';
import { useMemo } from 'react';
import { anySteers, type EngineByNode, enginesByNode } from '@/domain/engines/steering';
import { useFetch } from './use-fetch';

const REFRESH_SECONDS = 5;
const NONE: EngineByNode = new Map();

/** Observed engines by node; empty where no node steers anything. The same map until one changes. */
export function useEnginesByNode(): EngineByNode {
  const { data } = useFetch<Engines>('/api/v1/engines', {}, { refreshSeconds: REFRESH_SECONDS });
  const key = JSON.stringify([...enginesByNode(data?.items ?? [])]);
  return useMemo(() => {
    const engines: EngineByNode = new Map(JSON.parse(key) as [string, Engine][]);
    return anySteers(engines) ? engines : NONE;
  }, [key]);
}
