// SPDX-License-Identifier: Apache-2.0
import type { NodeEngine } from '@undermesh/schema';
import { engineState } from '@/domain/engines/state';
import { EngineBadge, Status } from './glyph';
import { Arrow } from './icon';

/** The engine that the kernel runs, and what is desired where that is another; a state that wants a word. */
export function EngineState({ engine, now }: { engine: NodeEngine; now: string | null }) {
  const { desired, observed, state } = engine;
  const { kind, text } = engineState(engine, now);
  return (
    <span className="row engine-state">
      {observed === null ? <span className="t3">unknown</span> : <EngineBadge engine={observed} bare />}
      {observed !== null && observed !== desired && (
        <>
          <Arrow />
          <EngineBadge engine={desired} bare />
        </>
      )}
      {state !== 'in-force' && state !== 'silent' && <Status kind={kind}>{text}</Status>}
    </span>
  );
}
