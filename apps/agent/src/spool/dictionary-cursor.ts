// SPDX-License-Identifier: Apache-2.0
import { encodeFrame, encodeMessage, FRAME_TYPES } from '@undermesh/schema';
import type { Workloads } from '../identity/workloads.js';
import type { ClockPair } from '../records/frame-builder.js';
import type { DictionaryCursor } from './spooler.js';

/** Entries in one frame: at their largest (1.3 KiB) far below 1 MiB. */
const MAX_WORKLOADS = 400;

/**
 * The workloads of a stream for its spool: whoever sends the frames later knows nothing else about them. Listeners and
 * addresses are not kept; they are of their moment.
 */
export function workloadCursor(
  workloads: Workloads,
  of: { readonly streamId: Uint8Array; readonly clock: () => ClockPair },
): DictionaryCursor {
  let written = 0;
  let given = 0;
  return {
    pending() {
      const added = workloads.after(written);
      given = written + added.length;
      const frames: Uint8Array[] = [];
      for (let i = 0; i < added.length; i += MAX_WORKLOADS) {
        const { boottime: boottimeNs, realtime: realtimeNs } = of.clock();
        const payload = encodeMessage({
          full: written + i === 0,
          workloads: added.slice(i, i + MAX_WORKLOADS),
          listeners: [],
          namespaces: [],
        });
        const header = { flags: 0, streamId: of.streamId, sequence: 0n, boottimeNs, realtimeNs };
        frames.push(
          encodeFrame(
            { ...header, type: FRAME_TYPES.dictionary, abiVersion: 0, recordBytes: 0, recordCount: 0 },
            payload,
          ),
        );
      }
      return frames;
    },
    advance() {
      written = given;
    },
  };
}
