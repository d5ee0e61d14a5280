// SPDX-License-Identifier: Apache-2.0
'use client';

import { usePathname, useSearchParams } from 'next/navigation';
import { useCallback, useMemo } from 'react';
import { linkTo, listOf, toQuery, windowOf, withParameters } from '@/domain/url-state';
import { atCollector } from './base-path';

export interface UrlState {
  parameters: URLSearchParams;
  /** Seconds of the window in view. */
  window: number;
  namespaces: string[];
  /** What the address says at this moment. `parameters` may be one drawing behind: what toggles asks here. */
  current: () => URLSearchParams;
  /** Writes parameters (`null` removes). `push` makes a step for the back button; otherwise the entry is replaced. */
  set: (changes: Readonly<Record<string, string | null>>, options?: { push?: boolean }) => void;
  /** A link that keeps window and namespaces. */
  link: (path: string, extra?: Readonly<Record<string, string | null>>) => string;
}

const current = (): URLSearchParams => new URLSearchParams(window.location.search);

/** The view's state out of the query string. Needs a Suspense boundary above, which the layout has. */
export function useUrl(): UrlState {
  const found = useSearchParams();
  const path = usePathname();
  const parameters = useMemo(() => new URLSearchParams(found), [found]);
  const set = useCallback<UrlState['set']>(
    (changes, options) => {
      // The address bar is the truth: two writes in one tick must both survive.
      const next = withParameters(current(), changes);
      const address = atCollector(path) + toQuery(next);
      if (options?.push === true) window.history.pushState(null, '', address);
      else window.history.replaceState(null, '', address);
    },
    [path],
  );
  const link = useCallback<UrlState['link']>((to, extra) => linkTo(to, parameters, extra), [parameters]);
  return {
    parameters,
    window: windowOf(parameters),
    namespaces: listOf(parameters, 'namespace'),
    current,
    set,
    link,
  };
}
