// SPDX-License-Identifier: Apache-2.0
import { fetchAuthority, type TlsAccess } from '@undermesh/core';
import { AGENT_PATHS } from '@undermesh/schema';
import { cliError } from '../errors.js';
import type { Access } from './access.js';

/** What was asked for once need not be asked for again. */
const known = new WeakMap<Access, Promise<TlsAccess>>();

/** How a collector is known. Rejects with `collector_untrusted`, or what the network says. */
export function trustOf(access: Access): Promise<TlsAccess> {
  const before = known.get(access);
  if (before !== undefined) return before;
  const settled = settle(access);
  known.set(access, settled);
  return settled;
}

async function settle({ url, authority }: Access): Promise<TlsAccess> {
  if (authority === null || url.protocol !== 'https:') return {};
  if ('pem' in authority) return { ca: authority.pem };
  const ca = await fetchAuthority(new URL(AGENT_PATHS.authority.slice(1), url), authority.fingerprint);
  if (ca !== null) return { ca };
  throw cliError(
    'collector_untrusted',
    `What answers at ${url.origin} has another authority than --ca says.`,
  );
}
