// SPDX-License-Identifier: Apache-2.0
import { pipeline } from 'node:stream/promises';
import { pause, text } from '../chance.js';
import { reply, type Service, serve } from '../server.js';
import { passedOn } from '../waypoint.js';

/** Passes everything on to the front, streams included. */
export const ingress: Service = async (context) => {
  const front = context.client('front', 24);
  await serve(context, async (request, response) => {
    const { url: path = '/', method = 'GET' } = request;
    const answer = await front.open({ path, method, headers: passedOn(request.headers) });
    response.writeHead(answer.status, { 'content-type': 'text/plain' });
    await pipeline(answer.body, response);
  });
};

/** Puts pages together. */
export const front: Service = async (context) => {
  const catalogue = context.client('catalogue', 8);
  const reviews = context.client('reviews', 4);
  const orders = context.client('orders', 0);
  await serve(context, async (request, response) => {
    const path = request.url ?? '/';
    if (path.startsWith('/checkout')) {
      const { status } = await orders.call({
        path: '/order',
        method: 'POST',
        body: text(600),
        timeoutMs: 8000,
      });
      return reply(response, text(900), status);
    }
    if (path.startsWith('/news')) return stream(response, Number(path.split('/')[2] ?? 10));
    if (path.startsWith('/cover')) return reply(response, text(60_000));
    const pages = [catalogue.call({ path })];
    if (path.startsWith('/book')) pages.push(reviews.call({ path, headers: passedOn(request.headers) }));
    const statuses = (await Promise.all(pages)).map(({ status }) => status);
    await pause(2);
    reply(response, text(6000), Math.max(...statuses));
  });
};

/** One line a second, for so many seconds. */
async function stream(response: import('node:http').ServerResponse, seconds: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain' });
  for (let second = 0; second < seconds && !response.destroyed; second += 1) {
    response.write(`${text(120)}\n`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  response.end();
}
