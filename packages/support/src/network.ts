// SPDX-License-Identifier: Apache-2.0
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { messageOf } from '@undermesh/core';
import type { Redactor } from './redactor.js';

const PATIENCE_MS = 3_000;

/** The way to a URL: what its name resolves to, and how long a TCP connection to each address takes. */
export async function wayTo(url: string, redactor: Redactor): Promise<object> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const wanted = Number(port) || (/^(wss|https):$/.test(protocol) ? 443 : 80);
  const started = performance.now();
  const found = await lookup(host, { all: true }).catch((error: unknown) => messageOf(error));
  const lookupMs = Math.round(performance.now() - started);
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return {
    url: redactor.url(url),
    lookupMs,
    lookupError: typeof found === 'string' ? redactor.text(found) : null,
    addresses:
      typeof found === 'string' ? [] : await Promise.all(found.map(({ address }) => reach(address, wanted))),
    ownAddresses: interfaces.map(({ address, internal }) => ({
      address: redactor.address(address),
      internal,
    })),
  };

  async function reach(address: string, at: number): Promise<object> {
    const before = performance.now();
    const socket = connect({ host: address, port: at, timeout: PATIENCE_MS });
    socket.on('timeout', () => socket.destroy(new Error('no answer in time')));
    let error: string | null = null;
    try {
      await once(socket, 'connect');
    } catch (failure) {
      error = redactor.text(messageOf(failure));
    }
    socket.destroy();
    return { address: redactor.address(address), connectMs: Math.round(performance.now() - before), error };
  }
}
