// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Topology } from '@undermesh/schema';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Layout, Placement, Size } from '@/domain/layout/types';
import type { LayoutAnswer, LayoutQuestion } from '@/domain/layout/worker';
import { layoutInput, shapeKey } from '@/domain/topology/layout-input';

export interface Picture {
  topology: Topology;
  layout: Layout;
  /** Which view the layout belongs to. */
  view: string;
}

/** With the version of what is kept: older positions are not understood. */
const STORE = 'undermesh.topology.1.';

const recall = (view: string): Placement | null => {
  try {
    const text = sessionStorage.getItem(STORE + view);
    const kept = text === null ? null : (JSON.parse(text) as Placement);
    return Array.isArray(kept?.vertices) && Array.isArray(kept.plates) ? kept : null;
  } catch {
    return null;
  }
};
const remember = (view: string, { vertices, plates }: Placement): void => {
  try {
    sessionStorage.setItem(STORE + view, JSON.stringify({ vertices, plates }));
  } catch {
    // storage is full or blocked: positions last as long as the page
  }
};

const startWorker = (): Worker =>
  new Worker(new URL('../../domain/layout/worker.ts', import.meta.url), { type: 'module' });
/** Started with the page's code, so that it is there before the first topology is. */
let early: Worker | null = typeof window === 'undefined' ? null : startWorker();

async function layOutHere({ id, input, previous }: LayoutQuestion): Promise<LayoutAnswer> {
  const { layOut } = await import('@/domain/layout/layout');
  const start = performance.now();
  return { id, layout: layOut(input, previous), took: performance.now() - start };
}

/**
 * The topology with a layout that covers it, from the worker. While a new layout is on its way the last picture stays.
 * `view` names what shares positions; `arrange` lays out anew what is passed to it.
 */
export function useLayout(
  topology: Topology | null,
  view: string,
  frame: Size | null,
): {
  picture: Picture | null;
  arrange: (of: Pick<Topology, 'level' | 'vertices' | 'edges'>) => void;
  /** Places what the layout does not cover, e.g. what was hidden when it was arranged. */
  complete: () => void;
  took: number | null;
} {
  const worker = useRef<Worker | null>(null);
  const asked = useRef({ id: 0, view: '' });
  const placements = useRef(new Map<string, Placement>());
  const last = useRef<Picture | null>(null);
  const [answer, setAnswer] = useState<{ layout: Layout; view: string; took: number } | null>(null);
  const pending = useRef<LayoutQuestion | null>(null);
  const take = useRef<(answer: LayoutAnswer) => void>(() => {});
  const size = useRef(frame);
  size.current = frame;

  useEffect(() => {
    const made = early ?? startWorker();
    early = null;
    worker.current = made;
    // without a worker the page lays out itself: slower, but there is a map
    made.onerror = () => {
      worker.current = null;
      if (pending.current !== null) void layOutHere(pending.current).then(take.current);
    };
    take.current = (data) => {
      if (data.id !== asked.current.id) return;
      const { view: of } = asked.current;
      placements.current.set(of, data.layout);
      remember(of, data.layout);
      setAnswer({ layout: data.layout, view: of, took: data.took });
    };
    made.onmessage = ({ data }: MessageEvent<LayoutAnswer>) => take.current(data);
    return () => {
      made.terminate();
      worker.current = null;
    };
  }, []);

  const ask = useCallback(
    (of: Pick<Topology, 'level' | 'vertices' | 'edges'>, name: string, previous: Placement | null) => {
      if (size.current === null) return;
      asked.current = { id: asked.current.id + 1, view: name };
      const question: LayoutQuestion = {
        id: asked.current.id,
        input: layoutInput(of, size.current),
        previous,
      };
      pending.current = question;
      if (worker.current === null) void layOutHere(question).then(take.current);
      else worker.current.postMessage(question);
    },
    [],
  );

  const shape = topology === null || frame === null ? null : shapeKey(topology);
  // biome-ignore lint/correctness/useExhaustiveDependencies: figures change every two seconds, the shape seldom.
  useEffect(() => {
    if (topology !== null && shape !== null)
      ask(topology, view, placements.current.get(view) ?? recall(view));
  }, [shape, view, ask]);

  const arrange = useCallback(
    (of: Pick<Topology, 'level' | 'vertices' | 'edges'>) => ask(of, view, null),
    [ask, view],
  );

  const latest = useRef(topology);
  latest.current = topology;
  const complete = useCallback(() => {
    if (latest.current !== null) ask(latest.current, view, placements.current.get(view) ?? null);
  }, [ask, view]);

  if (topology !== null && answer !== null && answer.view === view) {
    last.current = { topology, layout: answer.layout, view };
  }
  return { picture: last.current, arrange, complete, took: answer?.took ?? null };
}
