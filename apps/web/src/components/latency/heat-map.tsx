// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, QuantileLines } from '@undermesh/schema';
import { type KeyboardEvent, type PointerEvent, useId, useMemo, useRef, useState } from 'react';
import { heatMap, heatRange } from '@/charts/latency/heat-map';
import { plotBox, topOf } from '@/charts/latency/plot';
import { formatDuration } from '@/domain/format';
import { placeFlags } from '@/domain/latency/flags';
import { type Cell, cellBeside, countAt, type HeatGrid, regionBetween } from '@/domain/latency/heat';
import type { Region } from '@/domain/latency/region';
import { latencyAt, place } from '@/domain/latency/scale';
import type { Pair } from '@/domain/latency/windows';
import { cellWords, spanWords } from '@/domain/latency/words';
import { useTokens } from '@/theme/tokens';
import { Chart, TooltipRows } from '../chart';
import { useSize } from '../use-size';
import { Brackets } from './brackets';
import { Flags } from './flags';

export interface HeatMapProps {
  /** The rows merged to at most so many. */
  gridFor: (maxRows: number) => HeatGrid;
  lines: QuantileLines;
  noun: string;
  relativeError: number;
  changes: readonly Change[];
  chosen: number | null;
  onChange: (change: Change) => void;
  pair: Pair | null;
  onPair: (pair: Pair) => void;
  brush: Region | null;
  onBrush: (region: Region | null) => void;
}

/** Cells are at least this tall. */
const ROW_PX = 15;
const DRAG_PX = 4;
const ARROWS: Record<string, { columns: number; rows: number }> = {
  ArrowLeft: { columns: -1, rows: 0 },
  ArrowRight: { columns: 1, rows: 0 },
  ArrowUp: { columns: 0, rows: 1 },
  ArrowDown: { columns: 0, rows: -1 },
  Home: { columns: -1000, rows: 0 },
  End: { columns: 1000, rows: 0 },
};

interface Drag {
  start: Cell;
  end: Cell;
  x: number;
  y: number;
  moved: boolean;
}

/** The heat map with what is laid over it: changes, the compared windows, the cell under pointer or keyboard, the brush. */
export function HeatMap(props: HeatMapProps) {
  const { gridFor, lines, noun, relativeError, changes, chosen, pair, brush, onBrush } = props;
  const tokens = useTokens();
  const { ref, size } = useSize<HTMLDivElement>();
  const inView = useMemo(() => {
    const { from, step, columns } = gridFor(1);
    return changes.filter(({ time }) => Date.parse(time) >= from && Date.parse(time) < from + step * columns);
  }, [gridFor, changes]);
  const top = topOf({ flags: inView.length > 0, brackets: pair !== null });
  const box = useMemo(() => (size === null ? null : plotBox(size, top)), [size, top]);
  const grid = useMemo(
    () => (box === null ? null : gridFor(Math.max(8, Math.floor(box.height / ROW_PX)))),
    [gridFor, box],
  );
  const option = useMemo(
    () =>
      grid === null || size === null || tokens === null ? null : heatMap(grid, lines, { tokens, size, top }),
    [grid, lines, tokens, size, top],
  );
  const [drag, setDrag] = useState<Drag | null>(null);
  const [hovered, setHovered] = useState<Cell | null>(null);
  const [cursor, setCursor] = useState<{ at: Cell; anchor: Cell } | null>(null);
  const surface = useRef<HTMLDivElement>(null);
  const hint = useId();

  if (box === null || grid === null || grid.rows.length === 0) return <div className="heat" ref={ref} />;

  const { low, high } = heatRange(grid);
  const end = grid.from + grid.columns * grid.step;
  const xOf = (time: number): number => ((time - grid.from) / (end - grid.from)) * box.width;
  const yOf = (us: number): number => ((high - place(us)) / (high - low)) * box.height;
  const cellAt = (event: PointerEvent): Cell => {
    const { left, top: above } = (surface.current ?? event.currentTarget).getBoundingClientRect();
    const x = Math.max(0, Math.min(box.width - 1, event.clientX - left));
    const y = Math.max(0, Math.min(box.height - 1, event.clientY - above));
    const us = latencyAt(high - (y / box.height) * (high - low));
    const row = grid.rows.findIndex(({ highUs }) => us <= highUs);
    return {
      column: Math.floor((x / box.width) * grid.columns),
      row: row < 0 ? grid.rows.length - 1 : row,
    };
  };
  const rectOf = (region: Region) => {
    const left = Math.max(0, xOf(region.from));
    const right = Math.min(box.width, xOf(region.to));
    const above = Math.max(0, yOf(region.maxUs));
    const below = Math.min(box.height, yOf(Math.max(region.minUs, latencyAt(low))));
    return right <= left || below <= above
      ? null
      : { left, top: above, width: right - left, height: below - above };
  };

  const onDown = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0) return;
    const cell = cellAt(event);
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ start: cell, end: cell, x: event.clientX, y: event.clientY, moved: false });
    setHovered(null);
  };
  const onMove = (event: PointerEvent<HTMLDivElement>): void => {
    const cell = cellAt(event);
    if (drag === null) {
      setHovered(cell);
      return;
    }
    const moved = drag.moved || Math.hypot(event.clientX - drag.x, event.clientY - drag.y) >= DRAG_PX;
    setDrag({ ...drag, end: cell, moved });
  };
  const onUp = (): void => {
    if (drag === null) return;
    setDrag(null);
    setCursor({ at: drag.end, anchor: drag.start });
    onBrush(regionBetween(grid, drag.start, drag.end));
  };
  const startCell = (): Cell => {
    const column = grid.columns - 1;
    const fullest = grid.rows.reduce(
      (best, _, row) => (countAt(grid, column, row) > countAt(grid, column, best) ? row : best),
      0,
    );
    return { column, row: fullest };
  };
  const onKey = (event: KeyboardEvent<HTMLDivElement>): void => {
    const by = ARROWS[event.key];
    const now = cursor ?? { at: startCell(), anchor: startCell() };
    if (by !== undefined) {
      const at = cursor === null ? now.at : cellBeside(grid, now.at, by);
      setCursor({ at, anchor: event.shiftKey ? now.anchor : at });
    } else if (event.key === 'Enter' || event.key === ' ') {
      onBrush(regionBetween(grid, now.anchor, now.at));
    } else if (event.key === 'Escape' && (brush !== null || cursor !== null)) {
      setCursor(null);
      onBrush(null);
    } else return;
    event.preventDefault();
  };

  const shownBrush = drag?.moved === true ? regionBetween(grid, drag.start, drag.end) : brush;
  const brushed = shownBrush === null ? null : rectOf(shownBrush);
  const pointed = drag === null ? hovered : null;
  const cursorRect =
    cursor === null || drag !== null ? null : rectOf(regionBetween(grid, cursor.anchor, cursor.at));
  const flags = placeFlags(inView, {
    xOf: (time) => (time < grid.from || time > end ? null : xOf(time)),
    width: box.width,
    chosen,
  });
  return (
    <div className="heat" ref={ref} data-testid="latency-heat">
      <Chart
        option={option}
        label={`Heat map of ${noun} by time and latency. A table of the same is one click away.`}
      />
      <div
        className="heat-plot"
        style={{ left: box.left, top: box.top, width: box.width, height: box.height }}
      >
        <Flags flags={flags.flags} chosen={chosen} above={top} onChoose={props.onChange} />
        {pair !== null && <Brackets pair={pair} grid={grid} width={box.width} onPair={props.onPair} />}
        <div
          ref={surface}
          className="heat-surface"
          role="application"
          aria-roledescription="heat map"
          aria-label={`${noun} by time and latency`}
          aria-describedby={hint}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard brushes here.
          tabIndex={0}
          onPointerDown={onDown}
          onPointerMove={onMove}
          onPointerUp={onUp}
          onPointerCancel={() => setDrag(null)}
          onPointerLeave={() => setHovered(null)}
          onKeyDown={onKey}
          onBlur={() => setCursor(null)}
        >
          {pointed !== null && (
            <i className="heat-cell" style={rectOf(regionBetween(grid, pointed, pointed)) ?? {}} />
          )}
          {cursorRect !== null && <i className="heat-cell at" style={cursorRect} />}
          {brushed !== null && <i className="heat-brush" style={brushed} data-testid="latency-brush" />}
        </div>
        <span id={hint} className="visually-hidden">
          Arrows move between cells, with Shift they widen the region, Enter looks into it, Escape leaves it.
        </span>
        <span className="visually-hidden" role="status">
          {cursor === null ? '' : cellWords(grid, cursor.at, noun)}
        </span>
        {pointed !== null && (
          <CellTooltip
            {...{ grid, lines, noun, relativeError }}
            cell={pointed}
            at={{
              x: xOf(grid.from + (pointed.column + 0.5) * grid.step),
              y: yOf(grid.rows[pointed.row]?.highUs ?? 1),
            }}
            width={box.width}
          />
        )}
      </div>
    </div>
  );
}

function CellTooltip(props: {
  grid: HeatGrid;
  lines: QuantileLines;
  noun: string;
  relativeError: number;
  cell: Cell;
  at: { x: number; y: number };
  width: number;
}) {
  const { grid, lines, noun, cell, at, width } = props;
  const { column } = cell;
  const from = grid.from + column * grid.step;
  const flip = at.x > width * 0.62;
  const style = { left: at.x, top: Math.max(0, at.y - 8) };
  if (grid.absent.has(column)) {
    return (
      <div className={`tooltip heat-tip${flip ? ' flip' : ''}`} style={style}>
        Nobody reported from {spanWords(from, from + grid.step)}.
      </div>
    );
  }
  const figure = (key: 'p50' | 'p90' | 'p95' | 'p99') => formatDuration(lines[key][column] ?? null);
  return (
    <div className={`tooltip heat-tip${flip ? ' flip' : ''}`} style={style}>
      <p className="heat-tip-cell">{cellWords(grid, cell, noun).replace(/^[^,]*, /, '')}</p>
      <TooltipRows
        title={spanWords(from, from + grid.step)}
        rows={[
          ['p50', figure('p50')],
          ['p90', figure('p90')],
          ['p95', figure('p95')],
          ['p99', figure('p99')],
        ]}
      />
      <p className="t3 heat-tip-note">each within ±{Math.round(props.relativeError * 1000) / 10} %</p>
    </div>
  );
}
