// SPDX-License-Identifier: Apache-2.0
'use client';

import { type KeyboardEvent, type PointerEvent, useState } from 'react';
import { formatSeconds } from '@/domain/format';
import type { HeatGrid } from '@/domain/latency/heat';
import { type Handle, moved, type Pair, type Span } from '@/domain/latency/windows';
import { spanWords } from '@/domain/latency/words';

const SIDES = ['a', 'b'] as const;
const NAMES = { a: 'A, before', b: 'B, after' } as const;
const ENDS = { from: 'start', to: 'end' } as const;

/** The two compared windows above the heat map: drag an end or the whole, or move an end by arrow keys. */
export function Brackets({
  pair,
  grid,
  width,
  onPair,
}: {
  pair: Pair;
  grid: HeatGrid;
  width: number;
  onPair: (pair: Pair) => void;
}) {
  const [drag, setDrag] = useState<{ handle: Handle; x: number; pair: Pair } | null>(null);
  const within: Span = { from: grid.from, to: grid.from + grid.columns * grid.step };
  const perPixel = (within.to - within.from) / Math.max(1, width);
  const shown = drag?.pair ?? pair;
  const xOf = (time: number): number => (time - within.from) / perPixel;

  const grab = (handle: Handle) => ({
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setDrag({ handle, x: event.clientX, pair });
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if (drag === null) return;
      setDrag({ ...drag, pair: moved(pair, drag.handle, (event.clientX - drag.x) * perPixel, within) });
    },
    onPointerUp: () => {
      if (drag !== null && drag.pair !== pair) onPair(drag.pair);
      setDrag(null);
    },
    onPointerCancel: () => setDrag(null),
  });
  const step = (handle: Handle) => (event: KeyboardEvent<HTMLElement>) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    onPair(moved(pair, handle, by * grid.step, within));
  };
  return (
    <>
      {SIDES.map((side) => {
        const span = shown[side];
        const left = Math.max(0, xOf(span.from));
        const right = Math.min(width, xOf(span.to));
        if (right - left < 4) return null;
        return (
          <div
            key={side}
            className={`bracket ${side}`}
            style={{ left, width: right - left }}
            title={`${side.toUpperCase()}: ${spanWords(span.from, span.to)}`}
            {...grab({ side, part: 'body' })}
          >
            <span className={`window-name ${side}`}>{side.toUpperCase()}</span>
            {(['from', 'to'] as const).map((part) => (
              <span
                key={part}
                className={`bracket-end ${part}`}
                role="slider"
                tabIndex={0}
                aria-label={`${NAMES[side]}: ${ENDS[part]}`}
                aria-valuemin={within.from}
                aria-valuemax={within.to}
                aria-valuenow={span[part]}
                aria-valuetext={formatSeconds(span[part])}
                onKeyDown={step({ side, part })}
                {...stopping(grab({ side, part }))}
              />
            ))}
          </div>
        );
      })}
    </>
  );
}

/** An end must not drag the whole as well. */
const stopping = (handlers: Record<string, (event: PointerEvent<HTMLElement>) => void>) =>
  Object.fromEntries(
    Object.entries(handlers).map(([name, handle]) => [
      name,
      (event: PointerEvent<HTMLElement>) => {
        event.stopPropagation();
        handle(event);
      },
    ]),
  );
