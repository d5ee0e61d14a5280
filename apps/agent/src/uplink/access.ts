// SPDX-License-Identifier: Apache-2.0
import type { TlsAccess } from '@undermesh/core';
import type { ClientOptions } from 'ws';

/** By what right an agent connects. */
export interface UplinkAccess {
  readonly credential?: string;
  readonly tls?: TlsAccess;
}

/** The same, for a WebSocket. */
export const clientOptions = ({ credential, tls }: UplinkAccess): ClientOptions => ({
  headers: credential === undefined ? {} : { authorization: `Bearer ${credential}` },
  ...tls,
});
