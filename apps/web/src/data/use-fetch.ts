// SPDX-License-Identifier: Apache-2.0
'use client';

import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError, addressOf, getJson, type Query } from './client';
import { useLink } from './live';

export interface Fetched<T> {
  /** The last answer. It stays during refreshes, errors and while a new query is on its way. */
  data: T | null;
  error: ApiError | null;
  /** A request is under way whose answer is not in `data` yet. */
  loading: boolean;
  /** The answer belongs to an earlier query. */
  pending: boolean;
  /** Epoch milliseconds of the answer. */
  at: number | null;
  reload: () => void;
}

interface Held<T> {
  address: string | null;
  data: T | null;
  error: ApiError | null;
  at: number | null;
}

/**
 * GET with the last picture kept. `path` null asks for nothing. `refreshSeconds` asks again while the page is visible; a
 * slow answer is never overtaken by an older one.
 */
export function useFetch<T>(
  path: string | null,
  query: Query = {},
  options: { refreshSeconds?: number } = {},
): Fetched<T> {
  const address = path === null ? null : addressOf(path, query);
  const { refreshSeconds } = options;
  const [held, setHeld] = useState<Held<T>>({ address: null, data: null, error: null, at: null });
  const [loading, setLoading] = useState(false);
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((count) => count + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is a wish to ask again.
  useEffect(() => {
    if (address === null) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      setLoading(true);
      try {
        const data = await getJson<T>(address, abort.signal);
        if (!abort.signal.aborted) setHeld({ address, data, error: null, at: Date.now() });
      } catch (cause) {
        if (abort.signal.aborted) return;
        const error =
          cause instanceof ApiError
            ? cause
            : new ApiError(String(cause), { status: 0, code: 'unknown', cause });
        setHeld((old) => ({ ...old, error }));
      }
      if (abort.signal.aborted) return;
      setLoading(false);
      if (refreshSeconds !== undefined) timer = setTimeout(() => void next(), refreshSeconds * 1000);
    };
    const next = async (): Promise<void> => {
      if (document.visibilityState === 'visible') return ask();
      document.addEventListener('visibilitychange', () => void ask(), { once: true, signal: abort.signal });
    };
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [address, refreshSeconds, round]);

  // What failed while the collector was away, or before signing in, is asked for again once it is back.
  const back = useLink().phase === 'live';
  const wasBack = useRef(back);
  useEffect(() => {
    if (back && !wasBack.current && held.error !== null) reload();
    wasBack.current = back;
  }, [back, held.error, reload]);

  return {
    data: held.data,
    error: held.error,
    loading,
    pending: address !== null && held.address !== address,
    at: held.at,
    reload,
  };
}
