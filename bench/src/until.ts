// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';

const TRIES = 50;
const PAUSE_MS = 100;

/** Asks until an answer comes, for some seconds; then rejects as the last try did. */
export async function untilItAnswers<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt >= TRIES) throw error;
      await pause(PAUSE_MS);
    }
  }
}
