// SPDX-License-Identifier: Apache-2.0
'use client';

import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';

export interface Column<Row> {
  id: string;
  /** Sentence case, with the unit where the cells have none. */
  header: ReactNode;
  /** Figures go right. */
  numeric?: boolean;
  /** CSS class of the cells. */
  className?: string;
  /** Fixed width in px; tables with fixed rows need it for every column but one. */
  width?: number;
  render: (row: Row) => ReactNode;
  /** Left out first when there is little room. */
  minor?: boolean;
  /** For a header that sorts. */
  sort?: { direction: 'ascending' | 'descending' | 'none'; onSort: () => void };
}

export interface DataTableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  selected?: string | null;
  /** Enter or click. Rows are not focusable without. */
  onOpen?: (row: Row) => void;
  /** Rows of this height are drawn only where they are in view. Without, all are drawn. */
  virtualRowHeight?: number;
  /** Rows that exist, when more than are loaded; -1 for unknown. */
  total?: number;
  dense?: boolean;
  /** Called when the end is near. */
  onNearEnd?: () => void;
  empty?: ReactNode;
  /** The first row came into or went out of view. */
  onTop?: (atTop: boolean) => void;
  /** Height of rows that are all drawn: 34 for lists of machines. */
  tall?: boolean;
}

const OVERSCAN = 8;
const HEAD = 30;

/** A table with one tab stop: arrows, Home, End, Page keys move; Enter opens. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const {
    columns,
    rows,
    keyOf,
    selected = null,
    onOpen,
    virtualRowHeight,
    dense = false,
    onNearEnd,
    onTop,
  } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 900 });
  const [focused, setFocused] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const height = virtualRowHeight ?? 0;

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || height === 0) return;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [height]);

  const first = height === 0 ? 0 : Math.max(0, Math.floor(view.top / height) - OVERSCAN);
  const last =
    height === 0
      ? rows.length
      : Math.min(rows.length, Math.ceil((view.top + view.height) / height) + OVERSCAN);
  const near = height !== 0 && last >= rows.length - 20 && rows.length > 0;
  useEffect(() => {
    if (near) onNearEnd?.();
  }, [near, onNearEnd]);

  const atTop = view.top < Math.max(1, height);
  useEffect(() => onTop?.(atTop), [atTop, onTop]);

  // A row that was moved to may only now have been drawn.
  useEffect(() => {
    if (wanted.current === null) return;
    const row = box.current?.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(wanted.current)}"]`);
    if (row == null) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });

  const moveTo = (index: number): void => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (row === undefined) return;
    const element = box.current;
    const at = rows.indexOf(row);
    if (element !== null && height !== 0) {
      const top = at * height;
      const room = element.clientHeight - HEAD;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + height > element.scrollTop + room) element.scrollTop = top + height - room;
    }
    wanted.current = keyOf(row);
    setFocused(keyOf(row));
  };

  const onKey = (event: KeyboardEvent<HTMLTableRowElement>, index: number, row: Row): void => {
    const page = height === 0 ? 10 : Math.max(1, Math.floor((view.height - HEAD) / height) - 1);
    const target = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      moveTo(target);
    } else if (event.key === 'Enter' && event.target === event.currentTarget) {
      event.preventDefault();
      onOpen?.(row);
    }
  };

  const shown = rows.slice(first, last);
  const stop = shown.some((row) => keyOf(row) === focused)
    ? focused
    : shown.some((row) => keyOf(row) === selected)
      ? selected
      : shown[0] === undefined
        ? null
        : keyOf(shown[0]);
  return (
    <div className="table-scroll" ref={box}>
      <table
        className={`table${dense ? ' dense' : ''}${props.tall === true ? ' tall' : ''}${height === 0 ? '' : ' fixed'}`}
        aria-label={props.label}
        aria-rowcount={height === 0 ? undefined : (props.total ?? rows.length) + (props.total === -1 ? 0 : 1)}
      >
        {height !== 0 && (
          <colgroup>
            {columns.map((column) => (
              <col key={column.id} width={column.width} />
            ))}
          </colgroup>
        )}
        <thead>
          <tr aria-rowindex={height === 0 ? undefined : 1}>
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                className={`${column.numeric === true ? 'num' : ''}${column.minor === true ? ' minor' : ''}`}
                aria-sort={column.sort?.direction}
              >
                {column.sort === undefined ? (
                  column.header
                ) : (
                  <button type="button" className="sort" onClick={column.sort.onSort}>
                    {column.header}
                    {column.sort.direction !== 'none' &&
                      (column.sort.direction === 'ascending' ? ' ↑' : ' ↓')}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && (
            <tr className="spacer">
              <td colSpan={columns.length} style={{ height: first * height }} />
            </tr>
          )}
          {shown.map((row, offset) => {
            const key = keyOf(row);
            const index = first + offset;
            return (
              <tr
                key={key}
                data-key={key}
                aria-rowindex={height === 0 ? undefined : index + 2}
                aria-selected={onOpen === undefined ? undefined : key === selected}
                className={`${onOpen === undefined ? '' : 'can-open'}${key === selected ? ' selected' : ''}`}
                tabIndex={onOpen === undefined ? undefined : key === stop ? 0 : -1}
                onFocus={() => setFocused(key)}
                onClick={onOpen === undefined ? undefined : () => onOpen(row)}
                onKeyDown={onOpen === undefined ? undefined : (event) => onKey(event, index, row)}
              >
                {columns.map((column) => (
                  <td
                    key={column.id}
                    className={`${column.numeric === true ? 'num ' : ''}${column.minor === true ? 'minor ' : ''}${column.className ?? ''}`}
                  >
                    {column.render(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {last < rows.length && (
            <tr className="spacer">
              <td colSpan={columns.length} style={{ height: (rows.length - last) * height }} />
            </tr>
          )}
        </tbody>
      </table>
      {rows.length === 0 && props.empty}
    </div>
  );
}
