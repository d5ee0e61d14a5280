// SPDX-License-Identifier: Apache-2.0
import { Gauge, type Registry } from 'prom-client';
import type { ChangeLog } from '../control/change-log.js';

/** Adds what is to be known of a change log that collectors share; nothing where there is none. */
export function registerControl(registry: Registry, changes: ChangeLog): void {
  if (changes.sharing === null) return;
  new Gauge({
    name: 'undermesh_control_writes',
    help: '1 at the collector that may write control state now.',
    registers: [registry],
    collect() {
      this.set(changes.sharing?.isHeld === true ? 1 : 0);
    },
  });
  new Gauge({
    name: 'undermesh_control_problem',
    help: '1 while control state has not been read, or was changed by somebody else and not put right yet.',
    registers: [registry],
    collect() {
      this.set(changes.ready && changes.sharing?.problem === null ? 0 : 1);
    },
  });
}
