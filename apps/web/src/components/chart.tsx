// SPDX-License-Identifier: Apache-2.0
'use client';

import type { EChartsOption } from 'echarts';
import type { EChartsType } from 'echarts/core';
import { type PointerEvent, type ReactNode, useEffect, useRef, useState } from 'react';

export interface ChartProps {
  /** From src/charts. Make it with useMemo: a new object is drawn anew. `null` draws nothing yet. */
  option: EChartsOption | null;
  /** The chart in one sentence, for those who cannot see it. */
  label: string;
  className?: string;
  /** What to show at a place of the first x axis, in its values; `null` for nothing. */
  tooltip?: (value: number) => { at: number; content: ReactNode } | null;
  /** The live chart, for what options cannot say. */
  onReady?: (chart: EChartsType) => void;
}

interface Hover {
  x: number;
  flip: boolean;
  content: ReactNode;
}

/** An ECharts canvas that fills its box, follows its size and draws nothing twice. The library comes in its own chunk. */
export function Chart({ option, label, className, tooltip, onReady }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<EChartsType | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const ready = useRef(onReady);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let gone = false;
    let made: EChartsType | null = null;
    const observer = new ResizeObserver(() => made?.resize());
    void import('@/charts/echarts').then(({ init }) => {
      if (gone) return;
      made = init(element, null, { renderer: 'canvas' });
      observer.observe(element);
      ready.current?.(made);
      setChart(made);
    });
    return () => {
      gone = true;
      observer.disconnect();
      made?.dispose();
      setChart(null);
    };
  }, []);

  useEffect(() => {
    if (chart !== null && option !== null) chart.setOption(option, { notMerge: true });
  }, [chart, option]);

  const onMove = (event: PointerEvent<HTMLDivElement>): void => {
    if (chart === null || tooltip === undefined) return;
    const { left, top, width } = event.currentTarget.getBoundingClientRect();
    const place = [event.clientX - left, event.clientY - top];
    const inside = [0, 1].some((gridIndex) => chart.containPixel({ gridIndex }, place));
    const found = inside ? tooltip(chart.convertFromPixel({ xAxisIndex: 0 }, place[0] ?? 0)) : null;
    const x = found === null ? 0 : chart.convertToPixel({ xAxisIndex: 0 }, found.at);
    setHover(found === null ? null : { x, flip: x > width * 0.6, content: found.content });
  };
  return (
    <div className={`chart ${className ?? ''}`} onPointerMove={onMove} onPointerLeave={() => setHover(null)}>
      <div className="chart-canvas" ref={box} role="img" aria-label={label} />
      {hover !== null && (
        <>
          <i className="chart-hair" style={{ left: hover.x }} />
          <div className={`tooltip${hover.flip ? ' flip' : ''}`} style={{ left: hover.x }}>
            {hover.content}
          </div>
        </>
      )}
    </div>
  );
}

/** The usual content of a tooltip: a title and figures. */
export function TooltipRows({
  title,
  rows,
}: {
  title: string;
  rows: readonly (readonly [string, string])[];
}) {
  return (
    <>
      <div className="tooltip-title">{title}</div>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name} className="tooltip-row">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
