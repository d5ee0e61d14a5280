// SPDX-License-Identifier: Apache-2.0
// Calls a service on a few kept connections, one request after the other on each, and prints how long the first bytes of
// the answers took: node caller.mjs ADDRESS PORT CONNECTIONS SECONDS
import { Agent, get } from 'node:http';

const [address, port, connections, seconds] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const until = performance.now() + Number(seconds) * 1000;
const tookMs = [];

const call = () =>
  new Promise((resolve, reject) => {
    const start = performance.now();
    const request = get({ host: address, port, agent, path: '/' }, (response) => {
      tookMs.push(performance.now() - start);
      response.resume().once('end', resolve);
    });
    request.once('error', reject);
  });

async function callOn() {
  while (performance.now() < until) await call();
}

await Promise.all(Array.from({ length: Number(connections) }, callOn));
agent.destroy();
tookMs.sort((a, b) => a - b);
const meanMs = tookMs.reduce((sum, ms) => sum + ms, 0) / tookMs.length;
console.log(JSON.stringify({ requests: tookMs.length, meanMs, p50Ms: tookMs[tookMs.length >> 1] }));
