// SPDX-License-Identifier: Apache-2.0
// Asks an address when it is told to, and tells how many ms it took until the answer was there: apart from a bench that has its own hands full.
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', async (url: string) => {
  const start = performance.now();
  const response = await fetch(url);
  const text = await response.text();
  const took = performance.now() - start;
  const { edges } = JSON.parse(text) as { edges?: unknown[] };
  if (!response.ok || edges === undefined) throw new Error(`${url} answered ${response.status}`);
  parentPort?.postMessage(took);
});
