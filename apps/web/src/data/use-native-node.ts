// SPDX-License-Identifier: Apache-2.0
'use client';

import type { NativeNode, Routes } from '@undermesh/schema';
import { useFetch } from './use-fetch';

const REFRESH_SECONDS = 5;

/** What a node tells of the kernel-native engine, with the rate of all its routes; `null`: nothing, or not yet. */
export function useNativeNode(node: string): { node: NativeNode; routes: Routes } | null {
  const { data, pending } = useFetch<Routes>(
    '/api/v1/routes',
    { node, limit: 2_000 },
    { refreshSeconds: REFRESH_SECONDS },
  );
  const told = pending ? undefined : data?.nodes.find((one) => one.node === node);
  return data === null || told === undefined ? null : { node: told, routes: data };
}
