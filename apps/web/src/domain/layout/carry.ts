// SPDX-License-Identifier: Apache-2.0
import type { Graph } from './graph';
import {
  GAP,
  type LayoutInput,
  PLATE_PAD,
  type PlacedVertex,
  type Placement,
  type Plate,
  type Rect,
} from './types';

/** Below this share of known vertices everything is laid out anew. */
const LEAST_KNOWN = 0.5;

interface Board {
  cards: Map<string, PlacedVertex>;
  plates: Map<string, Plate>;
}

/**
 * Keeps every known vertex and plate where it was and finds a place for each new vertex near its neighbours, without
 * moving anything. `null` when too little is known.
 */
export function carryOver(input: LayoutInput, graph: Graph, previous: Placement): Placement | null {
  const before = new Map(previous.vertices.map((vertex) => [vertex.id, vertex]));
  const known = graph.ids.filter((id) => fits(before.get(id), input));
  if (graph.ids.length === 0 || known.length < graph.ids.length * LEAST_KNOWN) return null;
  const board: Board = { cards: new Map(), plates: new Map() };
  const inUse = new Set<string>();
  for (const id of known) {
    const card = before.get(id);
    if (!card) continue;
    board.cards.set(id, card);
    if (card.plate !== null) inUse.add(card.plate);
  }
  for (const plate of previous.plates) if (inUse.has(plate.key)) board.plates.set(plate.key, plate);
  const waiting = new Set(graph.ids.flatMap((id, i) => (board.cards.has(id) ? [] : [i])));
  while (waiting.size > 0) {
    // those with most placed neighbours first
    let pick = -1;
    let most = -1;
    for (const i of waiting) {
      const placed = neighbours(graph, i).filter(({ vertex }) =>
        board.cards.has(graph.ids[vertex] ?? ''),
      ).length;
      if (placed > most) {
        most = placed;
        pick = i;
      }
    }
    waiting.delete(pick);
    add(board, graph, { vertex: pick, card: input.card });
  }
  return {
    vertices: graph.ids.flatMap((id) => board.cards.get(id) ?? []),
    plates: [...board.plates.values()],
  };
}

function fits(card: PlacedVertex | undefined, input: LayoutInput): boolean {
  return card !== undefined && card.width === input.card.width && card.height === input.card.height;
}

function neighbours(graph: Graph, vertex: number): { vertex: number; before: boolean }[] {
  const arcs = graph.arcs;
  return [
    ...(graph.in[vertex] ?? []).map((arc) => ({ vertex: arcs[arc]?.from ?? 0, before: true })),
    ...(graph.out[vertex] ?? []).map((arc) => ({ vertex: arcs[arc]?.to ?? 0, before: false })),
  ];
}

function add(
  board: Board,
  graph: Graph,
  { vertex, card }: { vertex: number; card: { width: number; height: number } },
) {
  const id = graph.ids[vertex] ?? '';
  const plateInfo = graph.plates[graph.plateOf[vertex] ?? -1];
  const lefts = [...new Set([...board.cards.values()].map((c) => c.x))].sort((a, b) => a - b);
  const pitch = card.width + GAP.column;
  lefts.unshift((lefts[0] ?? 0) - pitch);
  lefts.push((lefts.at(-1) ?? 0) + pitch);
  const wish = wishFor(board, graph, { vertex, lefts, plateKey: plateInfo?.key });
  const parts = plateInfo ? [...board.plates.values()].filter((p) => p.name === plateInfo.key) : [];
  let best: { card: PlacedVertex; plate: Plate | null; cost: number } | null = null;
  const tops = candidateTops(board, card.height, wish.y);
  for (const part of plateInfo ? [...parts, null] : [null]) {
    for (const x of lefts) {
      for (const y of tops) {
        const cost =
          Math.abs(y - wish.y) + 1.6 * Math.abs(x - wish.x) + (part === null && parts.length > 0 ? 1e5 : 0);
        if (best && cost >= best.cost) continue;
        const rect = { x, y, ...card };
        const plate = plateInfo ? grow(part, rect, { ...plateInfo, part: parts.length + 1 }) : null;
        const growth = part && plate ? plate.width - part.width + plate.height - part.height : 0;
        if (best && cost + growth / 2 >= best.cost) continue;
        if (!free(board, rect, plate)) continue;
        best = { card: { id, ...rect, plate: plate?.key ?? null }, plate, cost: cost + growth / 2 };
      }
    }
  }
  if (!best) return;
  board.cards.set(id, best.card);
  if (best.plate) board.plates.set(best.plate.key, best.plate);
}

/** Where its neighbours would have it: after its callers, before what it calls, level with them. */
function wishFor(
  board: Board,
  graph: Graph,
  { vertex, lefts, plateKey }: { vertex: number; lefts: readonly number[]; plateKey: string | undefined },
): { x: number; y: number } {
  const placed = neighbours(graph, vertex).flatMap((n) => {
    const card = board.cards.get(graph.ids[n.vertex] ?? '');
    return card ? [{ ...n, card }] : [];
  });
  const mates = [...board.cards.values()].filter(
    (card) =>
      plateKey !== undefined && card.plate !== null && board.plates.get(card.plate)?.name === plateKey,
  );
  const callers = placed.filter((n) => n.before).map((n) => n.card.x);
  const called = placed.filter((n) => !n.before).map((n) => n.card.x);
  const x =
    callers.length > 0
      ? (lefts.find((left) => left > Math.max(...callers)) ?? 0)
      : called.length > 0
        ? (lefts.findLast((left) => left < Math.min(...called)) ?? 0)
        : (mates[0]?.x ?? lefts[1] ?? 0);
  const near = placed.length > 0 ? placed.map((n) => n.card) : mates;
  const y = near.length > 0 ? near.reduce((sum, c) => sum + c.y, 0) / near.length : bottomOf(board);
  return { x, y: Math.round(y) };
}

const bottomOf = (board: Board) =>
  Math.max(0, ...[...board.cards.values(), ...board.plates.values()].map((rect) => rect.y + rect.height));

function candidateTops(board: Board, height: number, wish: number): number[] {
  const tops = new Set([wish]);
  const beside = (rect: Rect, above: number, below: number) => {
    tops.add(rect.y - above - height);
    tops.add(rect.y + rect.height + below);
  };
  for (const card of board.cards.values()) {
    beside(card, GAP.card, GAP.card);
    tops.add(card.y);
  }
  const over = GAP.plate + PLATE_PAD.bottom;
  for (const plate of board.plates.values()) beside(plate, over, GAP.plate + PLATE_PAD.top);
  tops.add(bottomOf(board) + GAP.plate + PLATE_PAD.top);
  return [...tops];
}

/** The plate with room for the card; a plate of its own when `part` is null. */
function grow(part: Plate | null, card: Rect, info: { key: string; external: boolean; part: number }): Plate {
  const need = {
    x: card.x - PLATE_PAD.side,
    y: card.y - PLATE_PAD.top,
    right: card.x + card.width + PLATE_PAD.side,
    bottom: card.y + card.height + PLATE_PAD.bottom,
  };
  if (!part) {
    const key = info.part === 1 ? info.key : `${info.key}#${info.part}`;
    const size = { width: need.right - need.x, height: need.bottom - need.y };
    return { key, name: info.key, external: info.external, x: need.x, y: need.y, ...size };
  }
  const x = Math.min(part.x, need.x);
  const y = Math.min(part.y, need.y);
  const width = Math.max(part.x + part.width, need.right) - x;
  return { ...part, x, y, width, height: Math.max(part.y + part.height, need.bottom) - y };
}

const overlap = (a: Rect, b: Rect, margin: number) =>
  a.x < b.x + b.width + margin &&
  b.x < a.x + a.width + margin &&
  a.y < b.y + b.height + margin &&
  b.y < a.y + a.height + margin;

function free(board: Board, card: Rect, plate: Plate | null): boolean {
  for (const other of board.cards.values()) {
    if (overlap(card, other, GAP.card - 1)) return false;
    if (plate && other.plate !== plate.key && overlap(plate, other, 4)) return false;
  }
  for (const other of board.plates.values()) {
    if (other.key === plate?.key) continue;
    if (overlap(plate ?? card, other, plate ? GAP.plate / 2 : GAP.card)) return false;
  }
  return true;
}
