// SPDX-License-Identifier: Apache-2.0
import { settle } from './stack';
import { GAP, type LayoutEdge, type Path, type PlacedVertex, type Route } from './types';

/** Heights that a fresh layout reserved for an edge, by `source destination` and the left of the column. */
export type Lanes = ReadonlyMap<string, ReadonlyMap<number, number>>;

interface Band {
  left: number;
  right: number;
  cards: PlacedVertex[];
}

interface Gap {
  top: number;
  bottom: number;
}

interface Crossing {
  band: number;
  gap: number;
  y: number;
}

interface Course {
  id: string;
  from: PlacedVertex;
  to: PlacedVertex;
  direction: 1 | -1 | 0;
  crossings: Crossing[];
  start: number;
  end: number;
}

const MARGIN = 6;

/** Draws each edge from side to side, round the cards it skips, with its ends spread along the cards' sides. */
export function route(cards: readonly PlacedVertex[], edges: readonly LayoutEdge[], lanes?: Lanes): Route[] {
  const byId = new Map(cards.map((card) => [card.id, card]));
  const bands = toBands(cards);
  const gaps = bands.map(freeGaps);
  const bandOf = new Map(bands.map((band, i) => [band.left, i]));
  const courses: Course[] = [];
  for (const edge of [...edges].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))) {
    const from = byId.get(edge.source);
    const to = byId.get(edge.destination);
    if (!from || !to) continue;
    const start = bandOf.get(from.x) ?? 0;
    const end = bandOf.get(to.x) ?? 0;
    const direction = Math.sign(end - start) as 1 | -1 | 0;
    const course: Course = { id: edge.id, from, to, direction, crossings: [], start: 0, end: 0 };
    if (direction !== 0) {
      const reserved = lanes?.get(`${edge.source} ${edge.destination}`);
      let y = middle(from);
      for (let band = start + direction; band !== end; band += direction) {
        const want = reserved?.get(bands[band]?.left ?? 0);
        const crossing = { band, ...pickGap(gaps[band] ?? [], { y: want ?? y, target: want ?? middle(to) }) };
        y = crossing.y;
        course.crossings.push(crossing);
      }
    }
    courses.push(course);
  }
  spreadLanes(courses, gaps);
  spreadPorts(courses);
  return courses.map((course) => ({ id: course.id, path: draw(course, bands) }));
}

const middle = (card: PlacedVertex) => card.y + card.height / 2;

function toBands(cards: readonly PlacedVertex[]): Band[] {
  const byLeft = new Map<number, Band>();
  for (const card of cards) {
    const band = byLeft.get(card.x) ?? { left: card.x, right: card.x + card.width, cards: [] };
    band.cards.push(card);
    byLeft.set(card.x, band);
  }
  return [...byLeft.values()].sort((a, b) => a.left - b.left);
}

function freeGaps(band: Band): Gap[] {
  const cards = [...band.cards].sort((a, b) => a.y - b.y);
  const gaps: Gap[] = [];
  let top = Number.NEGATIVE_INFINITY;
  for (const card of cards) {
    if (card.y - MARGIN >= top) gaps.push({ top, bottom: card.y - MARGIN });
    top = card.y + card.height + MARGIN;
  }
  gaps.push({ top, bottom: Number.POSITIVE_INFINITY });
  return gaps;
}

/** The gap with the shortest way: straight on where possible, then down or up to the target. */
function pickGap(gaps: readonly Gap[], want: { y: number; target: number }): { gap: number; y: number } {
  let best = { gap: 0, y: want.y };
  let least = Number.POSITIVE_INFINITY;
  gaps.forEach((gap, i) => {
    const y = Math.max(gap.top, Math.min(gap.bottom, want.y));
    const cost = Math.abs(y - want.y) + 0.6 * Math.abs(y - want.target);
    if (cost < least) {
      least = cost;
      best = { gap: i, y };
    }
  });
  return best;
}

function spreadLanes(courses: readonly Course[], gaps: readonly (readonly Gap[])[]): void {
  const groups = new Map<string, { crossing: Crossing; slope: number }[]>();
  for (const course of courses) {
    for (const crossing of course.crossings) {
      const key = `${crossing.band} ${crossing.gap}`;
      const group = groups.get(key) ?? [];
      group.push({ crossing, slope: middle(course.from) + middle(course.to) });
      groups.set(key, group);
    }
  }
  for (const group of groups.values()) {
    const { band, gap } = group[0]?.crossing ?? { band: 0, gap: 0 };
    const { top, bottom } = gaps[band]?.[gap] ?? { top: 0, bottom: 0 };
    group.sort((a, b) => a.crossing.y - b.crossing.y || a.slope - b.slope);
    const room = bottom - top;
    const step = Math.min(GAP.lane, room / group.length);
    const settled = settle(
      group.map(({ crossing }) => crossing.y),
      group.map(() => 1),
      group.slice(1).map(() => step),
    );
    const over = Math.max(0, top - (settled[0] ?? 0)) - Math.max(0, (settled.at(-1) ?? 0) - bottom);
    group.forEach(({ crossing }, i) => {
      crossing.y = (settled[i] ?? 0) + over;
    });
  }
}

function spreadPorts(courses: readonly Course[]): void {
  const sides = new Map<
    string,
    { card: PlacedVertex; set: (y: number) => void; toward: number; id: string }[]
  >();
  const add = (
    card: PlacedVertex,
    side: string,
    end: { set: (y: number) => void; toward: number; id: string },
  ) => {
    const key = `${side} ${card.id}`;
    const list = sides.get(key) ?? [];
    list.push({ card, ...end });
    sides.set(key, list);
  };
  for (const course of courses) {
    if (course.from === course.to) continue;
    const { id, from, to, direction, crossings } = course;
    add(from, direction < 0 ? 'left' : 'right', {
      id,
      toward: crossings[0]?.y ?? middle(to),
      set: (y) => {
        course.start = y;
      },
    });
    add(to, direction > 0 ? 'left' : 'right', {
      id,
      toward: crossings.at(-1)?.y ?? middle(from),
      set: (y) => {
        course.end = y;
      },
    });
  }
  for (const ends of sides.values()) {
    ends.sort((a, b) => a.toward - b.toward || (a.id < b.id ? -1 : 1));
    const height = ends[0]?.card.height ?? 0;
    const step = Math.min(13, (height - 14) / ends.length);
    ends.forEach((end, i) => {
      end.set(middle(end.card) + (i - (ends.length - 1) / 2) * step);
    });
  }
}

function draw(course: Course, bands: readonly Band[]): Path {
  const { from, to, direction } = course;
  if (from === to) return loop(from);
  if (direction === 0) {
    const x = from.x + from.width;
    const bulge = Math.min(64, 26 + Math.abs(course.end - course.start) * 0.12);
    return [x, course.start, x + bulge, course.start, x + bulge, course.end, x + 1, course.end];
  }
  const forward = direction > 0;
  let x = forward ? from.x + from.width : from.x;
  let y = course.start;
  const path = [x, y];
  const to2 = (nx: number, ny: number) => {
    const reach = ny === y ? (nx - x) / 3 : direction * Math.max(34, Math.abs(nx - x) * 0.48);
    path.push(x + reach, y, nx - reach, ny, nx, ny);
    x = nx;
    y = ny;
  };
  for (const crossing of course.crossings) {
    const band = bands[crossing.band];
    if (!band) continue;
    to2(forward ? band.left - MARGIN : band.right + MARGIN, crossing.y);
    to2(forward ? band.right + MARGIN : band.left - MARGIN, crossing.y);
  }
  to2(forward ? to.x - 1 : to.x + to.width + 1, course.end);
  return path;
}

function loop(card: PlacedVertex): Path {
  const x = card.x + card.width;
  const y = card.y + Math.min(14, card.height / 3);
  return [x, y, x + 30, y, x - 22, card.y - 34, x - 22, card.y - 1];
}
