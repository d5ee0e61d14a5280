// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Changes } from '@undermesh/schema';
import { type Fetched, useFetch } from '@/data/use-fetch';
import type { PanelScope } from './panel-scope';

const WEEK_SECONDS = 604_800;
const SHOWN = 20;

/** What changed at the ends of an edge or at a vertex within a week, newest first. */
export const useChanges = ({ source, destination, window }: PanelScope): Fetched<Changes> =>
  useFetch<Changes>(
    '/api/v1/changes',
    { source, destination, window: Math.max(window, WEEK_SECONDS), limit: SHOWN },
    { refreshSeconds: 15 },
  );
