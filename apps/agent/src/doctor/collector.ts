// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { ask, isDistrust, messageOf, type TlsAccess, UndermeshError } from '@undermesh/core';
import type { Finding } from '@undermesh/schema';
import { WebSocket } from 'ws';
import type { AgentConfig } from '../config/schema.js';
import { AGENT_ERRORS, agentError } from '../errors.js';
import { addressOf } from '../tls/certify.js';
import { type Identity, IdentityFile } from '../tls/identity-file.js';
import { trustOf } from '../tls/join.js';
import { clientOptions, type UplinkAccess } from '../uplink/access.js';
import { readCredential } from '../uplink/credential.js';
import { opened, refusalIn } from '../uplink/opening.js';
import { found, tried, well } from './finding.js';

const PATIENCE_MS = 3_000;
/** Clocks that differ by more are shown on the dashboard; the header that tells has whole seconds. */
const SKEW_MS = 2_000;

/** The way to the collector: is it there and the right one, does it take this node's agent, is its clock ours. */
export async function collectorFindings(config: AgentConfig): Promise<Finding[]> {
  const url = new URL(config.collector.url);
  const { own, access, trust } = url.protocol === 'wss:' ? byCertificate(config) : byCredential(config);
  if (trust === null) return own;
  const there = await reach(addressOf(url.href, '/readyz'), trust);
  const reached = there[0]?.verdict === 'ok' && access !== null;
  return [...own, ...there, ...(reached ? [await welcome(url, access)] : [])];
}

/** By what right the agent comes in. */
interface Right {
  readonly own: Finding[];
  /** `null`: it has none. */
  readonly access: UplinkAccess | null;
  /** How the collector is known; `null`: not at all, so that nobody who answers can be told from another. */
  readonly trust: TlsAccess | null;
}

function byCredential({ collector }: AgentConfig): Right {
  let credential = '';
  const own = tried('credential', () => {
    credential = readCredential(collector.credentialFile);
    return `${collector.credentialFile} can be read by its owner only`;
  });
  return { own: [own], access: credential === '' ? null : { credential }, trust: {} };
}

function byCertificate(config: AgentConfig): Right {
  let trust: TlsAccess | null = null;
  const authority = tried('authority', () => {
    trust = trustOf(config);
    return trust.ca === undefined
      ? 'the collector is known by what the system trusts'
      : 'the collector is known';
  });
  const known = trust as TlsAccess | null;
  const file = new IdentityFile(config);
  let identity: Identity | null = null;
  const certificate = tried('certificate', () => {
    identity = file.read();
    if (identity !== null)
      return `the certificate in ${file.directory} is good until ${toTime(identity.expiresAt)}`;
    if (config.join.serviceAccountToken !== '' || config.join.tokenFile !== '') {
      return 'there is none yet: the agent joins when it starts';
    }
    throw agentError('not_joined', `There is no certificate in ${file.directory}.`);
  });
  const own = [...(authority.verdict === 'ok' ? [] : [authority]), certificate];
  if (known === null || identity === null)
    return { own, access: null, trust: known?.ca === undefined ? null : known };
  return { own, access: { tls: { ...known, ...shown(identity) } }, trust: known };
}

const shown = ({ key, certificate: cert }: Identity): TlsAccess => ({ key, cert });

const toTime = (ms: number): string => new Date(ms).toISOString();

async function reach(url: URL, tls: TlsAccess): Promise<Finding[]> {
  const mend = 'Start the collector, or correct agent.collector.url; is a firewall between?';
  try {
    const before = Date.now();
    const { status, headers } = await ask(url, { tls, timeoutMs: PATIENCE_MS });
    const clock = clockOf(headers.date ?? null, before);
    if (status === 200) return [well('collector', `the collector at ${url.host} is ready`), ...clock];
    const what = `what answers at ${url.host} is not ready, or no collector (${status})`;
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
    if (isDistrust(error)) {
      const what = `the certificate that ${url.host} shows is not to be trusted: ${messageOf(error)}`;
      return [found('collector', 'wrong', what, AGENT_ERRORS.collector_untrusted)];
    }
    return [found('collector', 'wrong', `nothing answers at ${url.host}: ${messageOf(error)}`, mend)];
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

/** Tries to come in, without a hello: an agent that is connected stays so. */
async function welcome(url: URL, access: UplinkAccess): Promise<Finding> {
  const socket = new WebSocket(url, { ...clientOptions(access), handshakeTimeout: PATIENCE_MS });
  const refused = new Promise<never>((_resolve, reject) => {
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      refusalIn(response).then(reject, reject);
    });
  });
  try {
    await Promise.race([opened(socket), refused]);
    return well(
      'uplink',
      `the collector takes the ${access.tls === undefined ? 'credential' : 'certificate'}`,
    );
  } catch (error) {
    return refusal(error);
  } finally {
    socket.on('error', () => {});
    socket.terminate();
  }
}

function refusal(error: unknown): Finding {
  const code = error instanceof UndermeshError ? error.code : '';
  if (code === '' || code === 'uplink_refused') {
    const what = `the collector takes no agents: ${messageOf(error)}`;
    return found('uplink', 'wrong', what, 'Is agent.collector.url that of /ingest/v1?');
  }
  if (code.startsWith('credential_')) {
    const mend = 'Make a new one on the collector: undermesh-collector credential --node NAME.';
    return found('uplink', 'wrong', `the collector refuses the credential (${code})`, mend);
  }
  const mend = 'Have the agent join anew: undermesh agents add NODE, then undermesh-agent join.';
  return found('uplink', 'wrong', `${messageOf(error)} (${code})`, mend);
}
