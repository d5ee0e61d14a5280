// SPDX-License-Identifier: Apache-2.0
import { type Dictionary, encodeFrame, encodeMessage, FRAME_TYPES } from '@undermesh/schema';
import type { Workloads } from '../identity/workloads.js';
import type { ServiceNames } from '../mesh/index.js';
import type { ClockPair } from '../records/frame-builder.js';
import type { DictionaryCursor } from './spooler.js';

/** Entries in one frame: at their largest (1.3 KiB) far below 1 MiB. */
const MAX_ENTRIES = 400;

/** What the numbers in records stand for. */
export interface RecordNames {
  readonly workloads: Workloads;
  readonly services: ServiceNames;
}

/**
 * The workloads and services of a stream for its spool: whoever sends the frames later knows nothing else about them.
 * Listeners and addresses are not kept; they are of their moment.
 */
export function namesCursor(
  { workloads, services }: RecordNames,
  of: { readonly streamId: Uint8Array; readonly clock: () => ClockPair },
): DictionaryCursor {
  let written = { workloads: 0, services: 0 };
  let given = written;
  const encode = (part: Pick<Dictionary, 'full'> & Partial<Dictionary>): Uint8Array => {
    const { boottime: boottimeNs, realtime: realtimeNs } = of.clock();
    const header = { flags: 0, streamId: of.streamId, sequence: 0n, boottimeNs, realtimeNs };
    return encodeFrame(
      { ...header, type: FRAME_TYPES.dictionary, abiVersion: 0, recordBytes: 0, recordCount: 0 },
      encodeMessage({ workloads: [], listeners: [], namespaces: [], ...part }),
    );
  };
  return {
    pending() {
      const added = {
        workloads: workloads.after(written.workloads),
        services: services.after(written.services),
      };
      given = {
        workloads: written.workloads + added.workloads.length,
        services: written.services + added.services.length,
      };
      const frames: Uint8Array[] = [];
      for (let i = 0; i < added.workloads.length; i += MAX_ENTRIES) {
        const full = written.workloads + i === 0;
        frames.push(encode({ full, workloads: added.workloads.slice(i, i + MAX_ENTRIES) }));
      }
      for (let i = 0; i < added.services.length; i += MAX_ENTRIES)
        frames.push(encode({ full: false, services: added.services.slice(i, i + MAX_ENTRIES) }));
      return frames;
    },
    advance() {
      written = given;
    },
  };
}
