// SPDX-License-Identifier: Apache-2.0
// A workload that answers each connection with its name and writes down who answered its own, told what to do by
// messages: { id, open: ADDRESSES }, { id, close: ADDRESSES }, { id, call: TARGETS, perSecond, count }; each is answered.
// Addresses that it has open are also those that it calls from.
import { connect, createServer } from 'node:net';

const [name, port] = process.argv.slice(2);
const UNANSWERED_MS = 5000;
/** Listeners by address. */
const open = new Map();
/** What was called: [address, port, moment in ms, who answered or null]. */
const made = [];
const failed = {};

const listen = (address) =>
  new Promise((done, reject) => {
    const server = createServer((socket) => socket.on('error', () => {}).end(name));
    server.once('error', reject);
    server.listen({ host: address, port: Number(port), backlog: 1024 }, done);
    open.set(address, server);
  });

function shut(address) {
  open.get(address)?.close();
  open.delete(address);
}

/** Calls a target once, from an address of its family that is this workload's now. */
function call(target, from) {
  const socket = connect({ host: target.address, port: target.port, localAddress: from });
  return new Promise((over) => {
    let row;
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => (answer += text));
    // A listener that closes as the handshake ends leaves a connection that nobody will ever answer.
    socket.setTimeout(UNANSWERED_MS, () => socket.destroy());
    socket.on('connect', () => {
      row = [socket.localAddress, socket.localPort, Date.now(), null];
      made.push(row);
    });
    socket.on('error', ({ code }) => {
      if (row === undefined) failed[code] = (failed[code] ?? 0) + 1;
    });
    socket.on('close', () => {
      if (row !== undefined && answer !== '') row[3] = answer;
      over();
    });
  });
}

async function callAll({ call: targets, perSecond, count }) {
  const running = new Set();
  const begun = performance.now();
  let started = 0;
  while (made.length < count) {
    const due = ((performance.now() - begun) * perSecond) / 1000;
    while (started < due && made.length < count) {
      const target = targets[started % targets.length];
      const isSix = target.address.includes(':');
      const own = [...open.keys()].filter((address) => address.includes(':') === isSix);
      const from = own[started % Math.max(own.length, 1)];
      started += 1;
      if (running.size >= 256) continue; // the machine cannot do more
      const one = call(target, from).finally(() => running.delete(one));
      running.add(one);
    }
    await new Promise((later) => setTimeout(later, 5));
  }
  await Promise.all(running);
  return { made, failed };
}

process.on('message', async (message) => {
  if (message.open) await Promise.all(message.open.map(listen));
  if (message.close) message.close.forEach(shut);
  process.send({ id: message.id, ...(message.call ? await callAll(message) : {}) });
});
process.on('disconnect', () => process.exit());
