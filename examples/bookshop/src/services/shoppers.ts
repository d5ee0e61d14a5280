// SPDX-License-Identifier: Apache-2.0
import { onceIn } from '../chance.js';
import type { Client } from '../client.js';
import type { Service } from '../server.js';
import { preview } from '../waypoint.js';

const periodMs = 120_000;
const newsReaders = 4;

/** What a shopper does, and how often out of 100. */
const habits: readonly (readonly [share: number, path: () => string])[] = [
  [46, () => `/book/${Math.floor(Math.random() * 400)}`],
  [30, () => '/list'],
  [16, () => `/cover/${Math.floor(Math.random() * 400)}`],
  [8, () => '/checkout'],
];

/** Requests per second at a time: a slow sine, 40 % up and down. */
export function rateAt(milliseconds: number, rate: number): number {
  return rate * (1 + 0.4 * Math.sin((2 * Math.PI * milliseconds) / periodMs));
}

/**
 * Buys books: most shoppers keep their connection, some come and go, some look at what is not out yet, a few read the news
 * all the time.
 */
export const shoppers: Service = async (context) => {
  const regulars = context.client('ingress', 16);
  const passersBy = context.client('ingress', 0);
  for (let reader = 0; reader < newsReaders; reader += 1) void readNews(passersBy);
  const started = Date.now();
  const next = (): void => {
    const client = onceIn(5) ? passersBy : regulars;
    const headers = onceIn(20) ? preview : {};
    client.call({ path: choose(), headers, timeoutMs: 10_000 }).catch(() => {}); // counted by the client
    const gap = -Math.log(1 - Math.random()) / rateAt(Date.now() - started, context.assignment.rate);
    setTimeout(next, gap * 1000);
  };
  next();
};

async function readNews(client: Client): Promise<never> {
  for (;;) {
    const seconds = 15 + Math.floor(Math.random() * 60);
    await client.call({ path: `/news/${seconds}` }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function choose(): string {
  let left = Math.random() * 100;
  for (const [share, path] of habits) {
    left -= share;
    if (left < 0) return path();
  }
  return '/list';
}
