// SPDX-License-Identifier: Apache-2.0
import { onceIn, pause, text } from '../chance.js';
import { connectAs } from '../client.js';
import { callCounts } from '../counts.js';
import { retired } from '../plan.js';
import { type Context, listenOn, reply, type Service, serve } from '../server.js';
import { KeyValueClient } from './key-value.js';

/** Takes orders: writes them down, then has them paid. */
export const orders: Service = async (context) => {
  const database = new KeyValueClient(context);
  const payments = context.client('payments', 0);
  await serve(context, async (_request, response) => {
    const order = `order-${Math.floor(Math.random() * 5000)}`;
    if (onceIn(30)) checkFraud(context);
    await database.set(order, text(400));
    await pause(10);
    const { status } = await payments.call({ path: '/pay', method: 'POST', body: text(250) });
    await database.get(order);
    reply(response, text(500), status);
  });
};

/** Asks a service that was switched off long ago and never answers. Nobody waits for it. */
function checkFraud({ assignment, counts }: Context): void {
  const endpoint = assignment.endpoints[retired.service]?.[0];
  if (endpoint === undefined) return;
  connectAs(assignment.place, endpoint, callCounts(counts, retired.service)).on('error', () => {});
}

const restartEveryMs = 60_000;
const downForMs = 3000;

/** Has the bank move the money. Restarts every minute: for a while nothing listens and connects are refused. */
export const payments: Service = async (context) => {
  const bank = context.client('bank-api', 0);
  const servers = await serve(context, async (_request, response) => {
    const { status } = await bank.call({ path: '/transfer', method: 'POST', body: text(350) });
    await pause(6);
    reply(response, text(200), status);
  });
  setInterval(() => {
    for (const server of servers) server.close();
    setTimeout(() => {
      listenOn(context.assignment, servers).catch((error: unknown) => {
        process.stderr.write(`payments cannot listen again: ${String(error)}\n`);
        process.exit(1);
      });
    }, downForMs);
  }, restartEveryMs);
};

/** A bank: slow, sometimes busy. */
export const bankApi: Service = async (context) => {
  await serve(context, async (_request, response) => {
    await pause(25);
    reply(response, text(300), onceIn(200) ? 503 : 200);
  });
};
