// SPDX-License-Identifier: Apache-2.0
'use client';

import type { BrowserSession } from '@undermesh/schema';
import { useFetch } from './use-fetch';

export interface Operator {
  /** The name of the token that this browser signed in with; `null`: nobody did, it may only read. */
  name: string | null;
  /** The collector has said so. */
  known: boolean;
  /** Asks again, e.g. after signing in. */
  reload: () => void;
}

/** Who this browser is to the collector. */
export function useOperator(): Operator {
  const { data, reload } = useFetch<BrowserSession>('/api/v1/session');
  return { name: data?.operator ?? null, known: data !== null, reload };
}
