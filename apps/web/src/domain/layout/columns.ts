// SPDX-License-Identifier: Apache-2.0
import { type Arc, feedbackOrder, type Graph } from './graph';
import { GAP, PLATE_PAD, type Size } from './types';

/** Ranks from `order`: longest path, then each item is pulled to the side where most of its weight goes. */
export function ranks(count: number, arcs: readonly Arc[], order: readonly number[]): number[] {
  const at = new Int32Array(count);
  order.forEach((item, i) => {
    at[item] = i;
  });
  const before: Arc[][] = Array.from({ length: count }, () => []);
  const after: Arc[][] = Array.from({ length: count }, () => []);
  for (const arc of arcs) {
    const forward = (at[arc.from] ?? 0) < (at[arc.to] ?? 0);
    const from = forward ? arc.from : arc.to;
    const to = forward ? arc.to : arc.from;
    before[to]?.push({ from, to, weight: arc.weight });
    after[from]?.push({ from, to, weight: arc.weight });
  }
  const rank = new Array<number>(count).fill(0);
  const of = (i: number) => rank[i] ?? 0;
  const lowest = (i: number) => (before[i] ?? []).reduce((max, arc) => Math.max(max, of(arc.from) + 1), 0);
  const highest = (i: number) =>
    (after[i] ?? []).reduce((min, arc) => Math.min(min, of(arc.to) - 1), Number.POSITIVE_INFINITY);
  const weight = (list: readonly Arc[] | undefined) => (list ?? []).reduce((sum, arc) => sum + arc.weight, 0);
  for (const i of order) rank[i] = lowest(i);
  for (let pass = 0; pass < 3; pass++) {
    for (const i of [...order].reverse()) {
      const high = highest(i);
      if (high === Number.POSITIVE_INFINITY) continue;
      rank[i] = weight(after[i]) > weight(before[i]) ? high : lowest(i);
    }
  }
  return rank;
}

/** Squeezes ranks into `limit` columns and wraps a column of more than `rows` items; both keep the order. */
export function fold(rank: readonly number[], limit: number, rows: number): number[] {
  const highest = Math.max(0, ...rank);
  const squeezed = highest < limit ? rank : rank.map((r) => Math.floor((r * limit) / (highest + 1)));
  const byRank: number[][] = [];
  squeezed.forEach((r, i) => {
    byRank[r] ??= [];
    byRank[r]?.push(i);
  });
  const column = new Array<number>(rank.length).fill(0);
  let base = 0;
  for (const items of byRank) {
    if (!items) continue;
    const wide = Math.ceil(items.length / rows);
    const tall = Math.ceil(items.length / wide);
    items.forEach((item, i) => {
      column[item] = base + Math.floor(i / tall);
    });
    base += wide;
  }
  return column;
}

/**
 * Column of each vertex, from 0. Inside a plate by rank; a plate starts after those that send to it, sinks stand clear
 * of what feeds them, the outside at the very left or right. Cycles are broken where the least flows.
 */
export function columns(graph: Graph, rows: number): number[] {
  const count = graph.ids.length;
  const groups: number[][] = graph.plates.map(() => []);
  const loose: number[] = [];
  graph.plateOf.forEach((plate, i) => {
    (plate < 0 ? loose : groups[plate])?.push(i);
  });
  const groupOf = graph.plateOf.map((plate) => (plate < 0 ? groups.length : plate));
  if (loose.length > 0) groups.push(loose);

  const local = new Array<number>(count).fill(0);
  const span = groups.map((members) => {
    const at = new Map(members.map((vertex, i) => [vertex, i]));
    const inside: Arc[] = [];
    for (const arc of graph.arcs) {
      const from = at.get(arc.from);
      const to = at.get(arc.to);
      if (from !== undefined && to !== undefined) inside.push({ from, to, weight: arc.weight });
    }
    const order = feedbackOrder(members.length, inside);
    const rank = ranks(members.length, inside, order);
    if (members === loose) outsideToTheSides(graph, members, rank);
    const limit = Math.max(members === loose ? 10 : 6, Math.ceil(1.3 * Math.sqrt(members.length)));
    const column = fold(rank, limit, rows);
    members.forEach((vertex, i) => {
      local[vertex] = column[i] ?? 0;
    });
    return Math.max(0, ...column) + 1;
  });

  const offset = offsets({ graph, groupOf, local, span });
  return local.map((column, i) => column + (offset[groupOf[i] ?? 0] ?? 0));
}

/** How large a drawing with these columns would be, roughly. */
function estimate(graph: Graph, column: readonly number[], card: Size): Size {
  const rows = new Map<string, number>();
  const spans = new Map<number, { first: number; last: number; rows: number }>();
  graph.plateOf.forEach((plate, i) => {
    const at = column[i] ?? 0;
    const key = `${plate} ${at}`;
    const count = (rows.get(key) ?? 0) + 1;
    rows.set(key, count);
    const span = spans.get(plate) ?? { first: at, last: at, rows: 0 };
    spans.set(plate, {
      first: Math.min(span.first, at),
      last: Math.max(span.last, at),
      rows: Math.max(span.rows, count),
    });
  });
  const columnCount = 1 + Math.max(0, ...column);
  const load = new Array<number>(columnCount).fill(0);
  for (const [plate, span] of spans) {
    const pad = plate < 0 ? 0 : PLATE_PAD.top + PLATE_PAD.bottom + GAP.plate;
    const height = span.rows * (card.height + GAP.card) + pad;
    for (let c = span.first; c <= span.last; c++) load[c] = (load[c] ?? 0) + height;
  }
  return { width: columnCount * (card.width + GAP.column + 20), height: Math.max(...load) };
}

/**
 * The columns whose drawing fits the frame at the largest scale: tall plates are wrapped into more columns when a drawing
 * would otherwise be a tower.
 */
export function fittingColumns(graph: Graph, card: Size, frame: Size): number[] {
  const usual = Math.max(8, Math.floor(frame.height / (card.height + GAP.card)));
  const square = Math.ceil(1.2 * Math.sqrt(graph.ids.length));
  let best: { column: number[]; scale: number } | null = null;
  for (const rows of [...new Set([Math.max(usual, square), square, 12, 8, 6, 5, 4, 3, 2])]) {
    const column = columns(graph, Math.max(1, rows));
    const size = estimate(graph, column, card);
    const scale = Math.min(1, frame.width / size.width, frame.height / size.height);
    // more columns mean longer edges: only for a real gain
    if (best === null || scale > best.scale * 1.06) best = { column, scale };
    if (best.scale > 0.8) break;
  }
  return best?.column ?? [];
}

/** Without plates: peers from outside that only call stand first, those that are called stand last. */
function outsideToTheSides(graph: Graph, members: readonly number[], rank: number[]): void {
  const last = Math.max(0, ...rank);
  members.forEach((vertex, i) => {
    if (graph.external[vertex]) {
      rank[i] = (graph.in[vertex]?.length ?? 0) >= (graph.out[vertex]?.length ?? 0) ? last : 0;
    }
  });
}

interface Groups {
  graph: Graph;
  groupOf: readonly number[];
  local: readonly number[];
  span: readonly number[];
}

/** First column of each plate. */
function offsets({ graph, groupOf, local, span }: Groups): number[] {
  const count = span.length;
  const between = new Map<string, Arc & { distance: number }>();
  for (const arc of graph.arcs) {
    const from = groupOf[arc.from] ?? 0;
    const to = groupOf[arc.to] ?? 0;
    if (from === to) continue;
    const distance = Math.max(0, (local[arc.from] ?? 0) - (local[arc.to] ?? 0) + 1);
    const key = `${from} ${to}`;
    const known = between.get(key);
    if (known) {
      known.weight += arc.weight;
      known.distance = Math.max(known.distance, distance);
    } else between.set(key, { from, to, weight: arc.weight, distance });
  }
  const links = [...between.values()];
  const side = (group: number) => graph.plates[group]?.side ?? null;
  const rankOf = (group: number) => (side(group) === 'left' ? 0 : side(group) === 'right' ? 2 : 1);
  const order = feedbackOrder(count, links)
    .map((group, i) => ({ group, i }))
    .sort((a, b) => rankOf(a.group) - rankOf(b.group) || a.i - b.i)
    .map(({ group }) => group);
  const at = new Int32Array(count);
  order.forEach((group, i) => {
    at[group] = i;
  });
  const forward = links.filter((link) => (at[link.from] ?? 0) < (at[link.to] ?? 0));
  const into = (group: number) => forward.filter((link) => link.to === group);
  const outOf = (group: number) => forward.filter((link) => link.from === group);
  const offset = new Array<number>(count).fill(0);
  const of = (group: number) => offset[group] ?? 0;
  const end = (group: number) => of(group) + (span[group] ?? 1);
  for (const group of order) {
    offset[group] = into(group).reduce((max, link) => Math.max(max, of(link.from) + link.distance), 0);
  }

  const limit = Math.max(6, ...span, Math.ceil(1.1 * Math.sqrt(graph.ids.length)));
  let total = Math.max(1, ...order.map(end));
  if (total > limit) {
    for (const group of order) {
      const room = total - (span[group] ?? 1);
      offset[group] = room <= 0 ? 0 : Math.round((of(group) * (limit - (span[group] ?? 1))) / room);
    }
    total = limit;
  }
  // a small drawing may grow by a column so that its sinks stand clear
  const roomy = Math.max(total, Math.min(5, total + 1));
  for (const group of [...order].reverse()) {
    const sources = into(group);
    const targets = outOf(group);
    const width = span[group] ?? 1;
    const right = side(group) === 'right';
    const latest = targets.reduce(
      (min, link) => Math.min(min, of(link.to) - link.distance),
      (targets.length === 0 ? roomy : total) - width,
    );
    if (right)
      offset[group] = Math.max(of(group), Math.max(...order.filter((g) => g !== group).map(end), 0) - width);
    else if (sources.length === 0 && targets.length > 0) offset[group] = Math.max(of(group), latest);
    else {
      const clear = Math.max(0, ...sources.map((link) => end(link.from)));
      if (clear > of(group) && clear <= latest) offset[group] = clear;
    }
  }
  const last = order.find((group) => side(group) === 'right');
  if (last !== undefined) {
    const width = span[last] ?? 1;
    offset[last] = Math.max(of(last), Math.max(0, ...order.filter((g) => g !== last).map(end)) - width);
  }
  const first = Math.min(...order.map(of));
  return offset.map((o) => o - first);
}
