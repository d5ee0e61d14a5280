// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Level } from '@undermesh/schema';
import {
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useDeferredValue,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from 'react';
import { hatchTile } from '@/charts/axes';
import {
  type Camera,
  detailAt,
  fit,
  pan,
  reveal,
  SCALE,
  scaleStep,
  toWorld,
  zoom,
} from '@/charts/topology/camera';
import { hit, hitMap } from '@/charts/topology/hit';
import { buildScene } from '@/charts/topology/scene';
import type { EngineByNode } from '@/domain/engines/steering';
import type { Size } from '@/domain/layout/types';
import type { Colour, Label } from '@/domain/topology/measures';
import { sameTarget, type Target } from '@/domain/topology/paths';
import { topRate } from '@/domain/topology/scale';
import type { Shown } from '@/domain/topology/shown';
import { type Direction, walk } from '@/domain/topology/walk';
import { useTokens } from '@/theme/tokens';
import type { MapDrawing } from './map-drawing';
import { MapList } from './map-list';
import { boundsOf, rectOf, visible } from './map-places';
import type { Picture } from './use-layout';
import { useRuler } from './use-ruler';

export interface MapHandle {
  zoomBy: (factor: number) => void;
  fit: () => void;
  lifeSize: () => void;
}

export interface MapCanvasProps {
  picture: Picture;
  shown: Shown;
  engines: EngineByNode;
  colour: Colour;
  label: Label;
  selected: Target | null;
  size: Size;
  onSelect: (target: Target | null) => void;
  /** Double click or Enter twice on a card. */
  onOpen: (target: Target) => void;
  handle: React.Ref<MapHandle>;
}

const ARROWS: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
const PAN_STEP = 80;
const DRAG_PX = 4;

/** What the scale decides of a scene. */
const stepOf = ({ scale }: Camera) => ({ detail: detailAt(scale), scale: scaleStep(scale) });

/** The map: a canvas that pans, zooms, is pointed at and walked, with a list of the same for those who cannot see it. */
export function MapCanvas(props: MapCanvasProps) {
  const { picture, shown, engines, colour, label, selected, size, onSelect, onOpen, handle } = props;
  const { layout } = picture;
  const tokens = useTokens();
  const box = useRef<HTMLDivElement>(null);
  const drawing = useRef<MapDrawing | null>(null);
  const [ready, setReady] = useState(false);
  const ruler = useRuler(tokens?.sans ?? 'sans-serif');
  const { measure } = ruler;
  const [hovered, setHovered] = useState<Target | null>(null);
  /** Until the reader moves it, the whole drawing is kept in view. */
  const following = useRef(true);
  const drag = useRef<{ x: number; y: number; camera: Camera; moved: boolean } | null>(null);
  const list = useRef<HTMLDivElement>(null);

  // what is left to see decides what fits; places do not change
  const bounds = useMemo(() => boundsOf(picture, shown), [picture, shown]);
  // looked at as a whole from the start: a first drawing at another scale would be for nothing
  const [start] = useState(() => fit(bounds, size));
  const camera = useRef<Camera>(start);
  const [step, setStep] = useState(() => stepOf(start));
  const live = useRef({ bounds, size, layout });
  live.current = { bounds, size, layout };

  const settle = useRef<ReturnType<typeof setTimeout> | null>(null);
  const tell = useCallback(() => {
    // positions on screen, for those who click by list: tests and switch devices
    const { x, y, scale } = camera.current;
    for (const item of list.current?.querySelectorAll<HTMLElement>('[data-world-x]') ?? []) {
      item.dataset.x = String(Math.round(Number(item.dataset.worldX) * scale + x));
      item.dataset.y = String(Math.round(Number(item.dataset.worldY) * scale + y));
    }
  }, []);
  const look = useCallback(
    (next: Camera, moving = false) => {
      camera.current = next;
      drawing.current?.look(next, { moving });
      const now = stepOf(next);
      const change = () => {
        tell();
        setStep((was) => (was.detail === now.detail && was.scale === now.scale ? was : now));
      };
      if (settle.current !== null) clearTimeout(settle.current);
      if (moving) settle.current = setTimeout(change, 120);
      else change();
    },
    [tell],
  );
  const fitAll = useCallback(() => {
    following.current = true;
    look(fit(live.current.bounds, live.current.size));
  }, [look]);
  const zoomBy = useCallback(
    (factor: number, at?: { x: number; y: number }, moving = false) => {
      following.current = false;
      const middle = { x: live.current.size.width / 2, y: live.current.size.height / 2 };
      look(zoom(camera.current, factor, at ?? middle), moving);
    },
    [look],
  );
  useImperativeHandle(
    handle,
    () => ({
      zoomBy: (factor) => zoomBy(factor),
      fit: fitAll,
      lifeSize: () => zoomBy(1 / camera.current.scale),
    }),
    [zoomBy, fitAll],
  );

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let gone = false;
    void import('./map-drawing').then((module) => {
      if (gone) return;
      drawing.current = new module.MapDrawing(element);
      setReady(true);
    });
    return () => {
      gone = true;
      drawing.current?.dispose();
      drawing.current = null;
      setReady(false);
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new size is what matters.
  useEffect(() => {
    drawing.current?.resize();
  }, [size.width, size.height]);
  const frame = `${bounds.x} ${bounds.y} ${bounds.width} ${bounds.height} ${size.width} ${size.height}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the frame says when to fit again.
  useEffect(() => {
    if (following.current) fitAll();
  }, [frame, ready, fitAll]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view is seen whole first.
  useEffect(() => fitAll(), [picture.view]);
  useEffect(() => {
    if (selected === null || following.current) return;
    const rect = rectOf(live.current.layout, selected);
    if (rect) look(reveal(camera.current, rect, live.current.size));
  }, [selected, look]);

  const hatch = useMemo(() => (tokens === null ? null : hatchTile(tokens.hatch)), [tokens]);
  useEffect(() => {
    if (!ready || tokens === null) return;
    const { level, window } = picture.topology;
    const { vertices, edges, found } = shown;
    drawing.current?.draw(
      buildScene({
        level,
        window,
        layout: visible(picture, shown),
        vertices,
        edges,
        topRate: topRate(picture.topology.edges, window),
        found,
        engines,
        colour,
        label,
        selected,
        hovered,
        tokens,
        ...step,
        measure,
        hatch,
      }),
    );
    if (box.current) box.current.dataset.drawn = 'true';
    tell();
  }, [ready, picture, shown, engines, colour, label, selected, hovered, tokens, step, measure, hatch, tell]);

  // drawn first, listed after
  const listed = useDeferredValue<Shown | null>(shown, null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new list has to be told where things are.
  useEffect(() => tell(), [listed, layout, tell]);
  const targets = useMemo(() => {
    const ids = (items: readonly { id: string }[]) => new Set(items.map(({ id }) => id));
    return hitMap(layout, { vertices: ids(shown.vertices), edges: ids(shown.edges) });
  }, [layout, shown]);
  const place = (event: { clientX: number; clientY: number }) => {
    const { left, top } = box.current?.getBoundingClientRect() ?? { left: 0, top: 0 };
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const targetAt = (at: { x: number; y: number }) =>
    hit(targets, toWorld(camera.current, at), Math.min(24, 7 / camera.current.scale));
  // in a crowd the highlight waits until the pointer rests
  const resting = useRef<ReturnType<typeof setTimeout> | null>(null);
  const crowded = shown.edges.length > 300;
  const point = useCallback(
    (target: Target | null) => {
      const apply = () => setHovered((was) => (sameTarget(was, target) ? was : target));
      if (resting.current !== null) clearTimeout(resting.current);
      if (crowded && target !== null) resting.current = setTimeout(apply, 90);
      else apply();
    },
    [crowded],
  );

  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    event.currentTarget.focus({ preventScroll: true });
    drag.current = { ...place(event), camera: camera.current, moved: false };
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const at = place(event);
    const held = drag.current;
    if (held === null) {
      point(targetAt(at));
      return;
    }
    const by = { x: at.x - held.x, y: at.y - held.y };
    if (!held.moved && Math.hypot(by.x, by.y) < DRAG_PX) return;
    held.moved = true;
    following.current = false;
    event.currentTarget.dataset.dragging = 'true';
    look(pan(held.camera, by, { bounds, canvas: size }), true);
  };
  const onPointerUp = (event: PointerEvent<HTMLDivElement>): void => {
    const held = drag.current;
    drag.current = null;
    delete event.currentTarget.dataset.dragging;
    if (held !== null && !held.moved) onSelect(targetAt(place(event)));
  };
  // the browser scrolls passively unless told otherwise
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      const lines = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      zoomBy(Math.exp(-lines * 0.0016), { x: event.clientX - left, y: event.clientY - top }, true);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [zoomBy]);

  const onKey = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = ARROWS[event.key];
    if (direction !== undefined && event.shiftKey) {
      const by = { left: [1, 0], right: [-1, 0], up: [0, 1], down: [0, -1] }[direction] as [number, number];
      following.current = false;
      look(pan(camera.current, { x: by[0] * PAN_STEP, y: by[1] * PAN_STEP }, { bounds, canvas: size }));
    } else if (direction !== undefined) {
      const seen = visible(picture, shown);
      const next = walk({ layout: seen, edges: shown.edges, from: hovered ?? selected }, direction);
      if (next === null) return;
      setHovered(next);
      const rect = rectOf(seen, next);
      if (rect && !following.current) look(reveal(camera.current, rect, size));
    } else if (event.key === 'Enter') {
      if (hovered === null) return;
      if (sameTarget(hovered, selected)) onOpen(hovered);
      else onSelect(hovered);
    } else if (event.key === 'Escape' && hovered !== null && selected === null) setHovered(null);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <div
        ref={box}
        className="map-canvas"
        data-testid="topology-canvas"
        data-over={hovered === null ? undefined : 'true'}
        role="application"
        aria-label={`Map of ${shown.vertices.length} ${nouns(picture.topology.level)} and ${shown.edges.length} edges. Arrows walk, Enter selects. The table shows the same.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the map is walked with the keyboard.
        tabIndex={0}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => {
          drag.current = null;
        }}
        onPointerLeave={() => point(null)}
        onDoubleClick={(event) => {
          const target = targetAt(place(event));
          if (target?.kind === 'vertex') onOpen(target);
        }}
        onKeyDown={onKey}
        onBlur={() => point(null)}
      />
      <canvas className="map-ruler" width="1" height="1" ref={ruler.canvas} />
      <div ref={list}>
        {listed !== null && (
          <MapList picture={picture} shown={listed} selected={selected} onSelect={onSelect} onFocus={point} />
        )}
      </div>
    </>
  );
}

const nouns = (level: Level) => `${level}s`;

export const ZOOM_STEP = SCALE.step;
