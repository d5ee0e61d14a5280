// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Changes } from '@undermesh/schema';
import { useMemo } from 'react';
import { isEngineSwitch } from '@/domain/engines/log';
import { useFetch } from './use-fetch';

const REFRESH_SECONDS = 15;

/** Switches of engines within the last `window` seconds, newest first: what every chart of time marks. */
export function useEngineSwitches(window: number): readonly Change[] {
  const { data } = useFetch<Changes>(
    '/api/v1/changes',
    { window, kind: 'engine_set' },
    { refreshSeconds: REFRESH_SECONDS },
  );
  return useMemo(() => data?.items.filter(isEngineSwitch) ?? [], [data]);
}
