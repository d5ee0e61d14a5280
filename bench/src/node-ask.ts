// SPDX-License-Identifier: Apache-2.0
import { type Agent, get } from 'node:http';

/** One request, whose answer is read to its end. Rejects when it is not 200. */
export function ask(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the answer was ${response.statusCode}`));
      response.resume().once('end', resolve).once('error', reject);
    });
    request.once('error', reject);
  });
}

/** Requests over so many connections, one at a time on each, for so many ms. Resolves with how many were answered. */
export async function askFor(forMs: number, url: string, agent: Agent, connections: number): Promise<number> {
  const end = performance.now() + forMs;
  let requests = 0;
  const askOnOne = async (): Promise<void> => {
    while (performance.now() < end) {
      await ask(url, agent);
      requests++;
    }
  };
  await Promise.all(Array.from({ length: connections }, askOnOne));
  return requests;
}
