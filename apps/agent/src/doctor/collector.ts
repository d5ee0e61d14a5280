// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { messageOf } from '@undermesh/core';
import type { Finding } from '@undermesh/schema';
import { WebSocket } from 'ws';
import type { AgentConfig } from '../config/schema.js';
import { readCredential } from '../uplink/credential.js';
import { found, tried, well } from './finding.js';

const PATIENCE_MS = 3_000;
/** Clocks that differ by more are shown on the dashboard; the header that tells has whole seconds. */
const SKEW_MS = 2_000;

/** The way to the collector: is it there, does it take this node's credential, is its clock ours. */
export async function collectorFindings({ collector }: AgentConfig): Promise<Finding[]> {
  let credential: string | undefined;
  const own = tried('credential', () => {
    credential = readCredential(collector.credentialFile);
    return `${collector.credentialFile} can be read by its owner only`;
  });
  const url = new URL(collector.url);
  const there = await reach(new URL('/readyz', url.href.replace(/^ws/, 'http')));
  const reached = there[0]?.verdict === 'ok' && credential !== undefined;
  return [own, ...there, ...(reached ? [await welcome(url, credential ?? '')] : [])];
}

async function reach(url: URL): Promise<Finding[]> {
  const mend = 'Start the collector, or correct agent.collector.url; is a firewall between?';
  try {
    const before = Date.now();
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const clock = clockOf(answer.headers.get('date'), before);
    if (answer.ok) return [well('collector', `the collector at ${url.host} is ready`), ...clock];
    const what = `what answers at ${url.host} is not ready, or no collector (${answer.status})`;
    return [
      found(
        'collector',
        'wrong',
        what,
        'Its own log says what it waits for; a store that was killed takes seconds.',
      ),
      ...clock,
    ];
  } catch (error) {
    const why =
      error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    return [found('collector', 'wrong', `nothing answers at ${url.host}: ${why}`, mend)];
  }
}

/** Nothing where the answer bears no date. `before`: when it was asked for, Unix ms. */
function clockOf(date: string | null, before: number): Finding[] {
  if (date === null) return [];
  const skewMs = Date.parse(date) - before;
  if (Math.abs(skewMs) <= SKEW_MS) return [well('clock', "this clock and the collector's agree")];
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const what = `the collector's clock is ${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
  return [
    found(
      'clock',
      'warning',
      what,
      'Set both clocks by NTP; until then records stand at other times than they were made.',
    ),
  ];
}

/** Tries the credential, without a hello: an agent that is connected stays so. */
function welcome(url: URL, credential: string): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${credential}` },
      handshakeTimeout: PATIENCE_MS,
    });
    const end = (finding: Finding): void => {
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.terminate();
      resolve(finding);
    };
    socket.on('open', () => end(well('uplink', 'the collector takes the credential')));
    socket.on('unexpected-response', (_request, { statusCode }: IncomingMessage) => {
      const mend = 'Make a new one on the collector: undermesh-collector credential --node NAME.';
      end(found('uplink', 'wrong', `the collector refuses the credential (${statusCode})`, mend));
    });
    socket.on('error', (error) => {
      end(
        found(
          'uplink',
          'wrong',
          `the collector takes no agents: ${error.message}`,
          'Is agent.collector.url that of /ingest/v1?',
        ),
      );
    });
  });
}
