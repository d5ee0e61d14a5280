// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Engine } from '@undermesh/schema';
import { type KeyboardEvent, useRef, useState } from 'react';
import { drainOf } from '@/domain/engines/draining';
import { offerOf } from '@/domain/engines/order';
import { deciderWords, type EngineItem, engineState, isLabelManaged } from '@/domain/engines/state';
import { SLOT_ENGINES, slotsOf } from '@/domain/engines/switch';
import { formatNumber, formatShare } from '@/domain/format';
import { Status } from '../glyph';
import { Icon } from '../icon';
import { DrainBar } from './drain-bar';
import { EngineSlot, SLOT_WIDTH, SlotTrack } from './engine-slot';

/** Columns that take the focus: the name, then a slot per engine. */
const COLUMNS = 1 + SLOT_ENGINES.length;

interface Place {
  node: string;
  column: number;
}

/** Where an arrow or another key leads from a place; `null`: nowhere. */
function moved(key: string, at: { row: number; column: number }, rows: number) {
  switch (key) {
    case 'ArrowDown':
      return { ...at, row: Math.min(rows - 1, at.row + 1) };
    case 'ArrowUp':
      return { ...at, row: Math.max(0, at.row - 1) };
    case 'ArrowRight':
      return { ...at, column: Math.min(COLUMNS - 1, at.column + 1) };
    case 'ArrowLeft':
      return { ...at, column: Math.max(0, at.column - 1) };
    case 'Home':
      return { ...at, row: 0 };
    case 'End':
      return { ...at, row: rows - 1 };
    default:
      return null;
  }
}

/** Which engine each node is asked to run and which one it runs. One tab stop: arrows move, Enter opens. */
export function EngineMatrix({
  items,
  now,
  selected,
  mayWrite,
  onSelect,
  onChoose,
}: {
  items: readonly EngineItem[];
  /** The collector's clock. */
  now: string | null;
  selected: string | null;
  /** Signed in: slots that can be ordered are. */
  mayWrite: boolean;
  onSelect: (node: string) => void;
  onChoose: (item: EngineItem, engine: Engine, slot: HTMLElement) => void;
}) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [focused, setFocused] = useState<Place | null>(null);
  const stop =
    focused !== null && items.some(({ node }) => node === focused.node)
      ? focused
      : { node: selected ?? items[0]?.node ?? '', column: 0 };

  const onKey = (event: KeyboardEvent<HTMLTableSectionElement>): void => {
    const row = items.findIndex(({ node }) => node === stop.node);
    const to = moved(event.key, { row, column: stop.column }, items.length);
    const item = to === null ? undefined : items[to.row];
    if (to === null || item === undefined) return;
    event.preventDefault();
    body.current
      ?.querySelector<HTMLElement>(
        `tr[data-key="${CSS.escape(item.node)}"] [data-column="${String(to.column)}"]`,
      )
      ?.focus();
  };
  const stopAt = (place: Place) => ({
    'data-column': place.column,
    tabIndex: place.node === stop.node && place.column === stop.column ? 0 : -1,
    onFocus: () => setFocused(place),
  });

  return (
    // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table that is moved through by arrows is a grid.
    <table className="table engine-matrix" role="grid" aria-label="Engines by node">
      <colgroup>
        <col />
        {SLOT_ENGINES.map((engine) => (
          <col key={engine} width={SLOT_WIDTH} />
        ))}
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Node</th>
          {SLOT_ENGINES.map((engine) => (
            <th key={engine} scope="col" className={`slot-head ${engine}`}>
              {engine}
            </th>
          ))}
          <th scope="col">Observed</th>
          <th scope="col">On the old engine</th>
          <th scope="col">Set by</th>
        </tr>
      </thead>
      <tbody ref={body} onKeyDown={onKey}>
        {items.map((item) => {
          const { node, engine } = item;
          const state = engineState(engine, now);
          return (
            <tr
              key={node}
              data-key={node}
              aria-selected={node === selected}
              className={`can-open${node === selected ? ' selected' : ''}`}
              onClick={() => onSelect(node)}
            >
              <td>
                <button type="button" className="node-name medium cut" {...stopAt({ node, column: 0 })}>
                  {node}
                </button>
              </td>
              {slotsOf(engine).map((slot, index) => (
                <td key={slot.engine} className="slot-cell">
                  {index === 0 && <SlotTrack view={engine} />}
                  <button
                    type="button"
                    className="slot-button"
                    aria-label={`${node}: ${slot.words}`}
                    aria-disabled={!mayWrite || offerOf(item, slot.engine).kind !== 'order'}
                    title={slot.words}
                    {...stopAt({ node, column: index + 1 })}
                    onClick={(event) => {
                      event.stopPropagation();
                      onChoose(item, slot.engine, event.currentTarget);
                    }}
                  >
                    <EngineSlot slot={slot} />
                  </button>
                </td>
              ))}
              <td>
                <Status kind={state.kind} quiet={state.kind === 'ok'}>
                  {state.text}
                </Status>
              </td>
              <td>
                <DrainCell item={item} />
              </td>
              <td className="t2">
                <span className="row set-by">
                  {isLabelManaged(engine) && <Icon name="lock" size={13} />}
                  {deciderWords(engine)}
                  {engine.change !== null && <span className="mono t3">#{engine.change}</span>}
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function DrainCell({ item: { engine } }: { item: EngineItem }) {
  const drain = drainOf(engine);
  if (drain === null) return <span className="t3">unknown</span>;
  if (drain.old === 0) return <span className="t3">none</span>;
  return (
    <span className="row drain">
      <DrainBar drain={drain} observed={engine.observed} />
      {drain.share !== null && <span className="num">{formatShare(drain.share)}</span>}
      <span className="num t3">{formatNumber(drain.old)}</span>
    </span>
  );
}
