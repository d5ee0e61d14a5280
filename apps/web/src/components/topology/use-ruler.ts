// SPDX-License-Identifier: Apache-2.0
'use client';

import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import type { Measure } from '@/charts/topology/elements';

const MOST_WIDTHS = 20_000;
const widths = new Map<string, number>();

/** Measures in a canvas of the page: figures are as wide as the page's own (tabular). */
function measureWith(sans: string, context: CanvasRenderingContext2D | null): Measure {
  return (text, size, weight) => {
    const font = `${weight} ${size}px ${sans}`;
    const key = font + text;
    const known = widths.get(key);
    if (known !== undefined) return known;
    if (context === null) return text.length * size * 0.55;
    context.font = font;
    const { width } = context.measureText(text);
    if (widths.size > MOST_WIDTHS) widths.clear();
    widths.set(key, width);
    return width;
  };
}

/** What text on the map is measured by: another one once the page's font is there. `canvas` is to be in the page. */
export function useRuler(sans: string): { canvas: RefObject<HTMLCanvasElement | null>; measure: Measure } {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [context, setContext] = useState<CanvasRenderingContext2D | null>(null);
  const [fonts, setFonts] = useState(0);
  useEffect(() => {
    setContext(canvas.current?.getContext('2d') ?? null);
    if (document.fonts?.status !== 'loading') return;
    let gone = false;
    void document.fonts.ready.then(() => {
      widths.clear();
      if (!gone) setFonts((count) => count + 1);
    });
    return () => {
      gone = true;
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: widths change with the fonts.
  const measure = useMemo(() => measureWith(sans, context), [sans, context, fonts]);
  return { canvas, measure };
}
