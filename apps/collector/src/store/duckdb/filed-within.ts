// SPDX-License-Identifier: Apache-2.0
import { StoreError } from './store-failure.js';

/** Resolves when `filing` does. Rejects as it does, and with StoreError `store_unavailable` when it takes longer than `ms`. */
export async function filedWithin(ms: number, filing: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = 'what came last is still being filed and would be missing: ask again in a minute';
    timer = setTimeout(() => reject(new StoreError('store_unavailable', why)), ms);
  });
  try {
    await Promise.race([filing, late]);
  } finally {
    clearTimeout(timer);
  }
}
