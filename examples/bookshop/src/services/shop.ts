// SPDX-License-Identifier: Apache-2.0
import { onceIn, pause, text } from '../chance.js';
import { reply, type Service, serve } from '../server.js';

/** Books, from the catalogue's database. */
export const catalogue: Service = async (context) => {
  const database = context.client('catalogue-db', 6);
  await serve(context, async (request, response) => {
    const book = request.url?.split('/')[2] ?? 'all';
    const { status } = await database.call({ path: `/key/${book}` });
    await pause(4);
    reply(response, text(book === 'all' ? 9000 : 2000), status === 404 ? 200 : status);
  });
};

/** Version 1 knows no stars; version 2 asks `ratings` for them, over a connection of its own each time. */
export const reviews: Service = async (context) => {
  const ratings = context.client('ratings', 0);
  const stars = context.assignment.workload.version === 'v2';
  await serve(context, async (request, response) => {
    if (stars) {
      const { status } = await ratings.call({ path: request.url ?? '/' }).catch(() => ({ status: 200 }));
      if (status !== 200) return reply(response, 'no stars today', status);
    }
    await pause(8);
    reply(response, text(3000));
  });
};

/** Slow now and then; resets a connection once in a while. */
export const ratings: Service = async (context) => {
  await serve(context, async (request, response) => {
    await (onceIn(12) ? pause(160, 0.3) : pause(3));
    if (onceIn(150)) {
      request.socket.resetAndDestroy();
      return;
    }
    reply(response, text(200));
  });
};
