// SPDX-License-Identifier: Apache-2.0
import type { Vertex } from '@undermesh/schema';
import { engineShares, enginesOf } from '@/domain/engines/steering';
import { NBSP } from '@/domain/format';
import { ENGINE_TOKEN, type EngineMark } from '@/domain/glyphs';
import type { PlacedVertex } from '@/domain/layout/types';
import { flowRate, MEASURES, rateText, troubleOf } from '@/domain/topology/measures';
import { cut, type Element, engineElements, type Style, statusElements, type TextStyle, Z } from './elements';
import { isTarget, loudStatus, type SceneContext } from './scene';

const PAD = 10;
/** Px of an engine's sign. */
const SIGN = 13;
/** Px of the bar that says how nodes divide between engines, and between its parts. */
const SHARE = { height: 2.5, gap: 1.5 } as const;

/** A vertex: name, version, and what it serves; a border and a sign when it needs a look; hatched when a node is silent. */
export function cardElements(context: SceneContext, vertex: Vertex, card: PlacedVertex): Element[] {
  const { tokens, detail, scale } = context;
  const status = vertex.partial && !isLoud(vertex) ? 'unk' : loudStatus(vertex.health);
  const colour = status === null ? null : tokens[status];
  const selected = isTarget(context.selected, 'vertex', vertex.id);
  const hovered = isTarget(context.hovered, 'vertex', vertex.id);
  const found = context.found.vertices.has(vertex.id);
  const { x, y, width, height } = card;
  const r = height < 40 ? 6 : 7;
  const elements: Element[] = [];
  if (selected || found) {
    elements.push(
      box({ x: x - 4, y: y - 4, width: width + 8, height: height + 8, r: r + 4 }, Z.card - 1, {
        fill: null,
        stroke: tokens.accent,
        lineWidth: 8,
        opacity: selected ? 0.3 : 0.24,
      }),
    );
  }
  elements.push(
    box({ x, y, width, height, r }, Z.card, {
      fill: tokens.vertex,
      stroke: selected ? tokens.accent : (colour ?? (hovered ? tokens['line-3'] : tokens['line-2'])),
      lineWidth: selected ? 1.6 : Math.max(1, 0.8 / scale),
      lineDash: status === 'unk' ? [4, 3] : null,
    }),
  );
  if (vertex.partial && context.hatch !== null) {
    const fill = { image: context.hatch, repeat: 'repeat' as const };
    elements.push(box({ x, y, width, height, r }, Z.card, { fill }));
  }
  const ink = tokens['text-1'];
  if (detail === 'names') return [...elements, ...bigName(context, vertex, { card, ink: colour ?? ink })];
  if (detail === 'full') elements.push(...words(context, vertex, { card, ink, status }));
  return elements;
}

const isLoud = (vertex: Vertex) => vertex.health === 'warning' || vertex.health === 'failing';

const box = (shape: PlacedRect, z2: number, style: Style): Element => ({ type: 'rect', z2, shape, style });
type PlacedRect = { x: number; y: number; width: number; height: number; r: number };

const text = (
  words: string,
  place: { x: number; y: number },
  style: Omit<TextStyle, 'text' | 'x' | 'y' | 'verticalAlign'>,
): Element => ({
  type: 'text',
  z2: Z.card + 1,
  style: { text: words, ...place, verticalAlign: 'middle', ...style },
});

/** Seen from afar: the name alone, as large as the card allows. */
function bigName(context: SceneContext, vertex: Vertex, at: { card: PlacedVertex; ink: string }): Element[] {
  const { tokens, scale, measure } = context;
  const size = Math.min(at.card.height * 0.5, 12 / scale);
  const name = cut(vertex.name, at.card.width - 2 * PAD, (t) => measure(t, size, 600));
  return [
    text(
      name,
      { x: at.card.x + PAD, y: at.card.y + at.card.height / 2 },
      {
        fill: at.ink,
        font: `600 ${size.toFixed(1)}px ${tokens.sans}`,
        align: 'left',
      },
    ),
  ];
}

type Words = { card: PlacedVertex; ink: string; status: 'warn' | 'crit' | 'unk' | null };

function words(context: SceneContext, vertex: Vertex, { card, ink, status }: Words): Element[] {
  const { tokens, measure } = context;
  const font = (size: number, weight: number) => `${weight} ${size}px ${tokens.sans}`;
  const inks = { ink: status === null ? ink : tokens[status], ground: tokens.vertex };
  const elements: Element[] = [];
  let x = card.x + PAD;
  const end = card.x + card.width - PAD;
  if (card.height < 40) {
    const bar = shareBar(context, vertex, card);
    const y = card.y + (bar.length === 0 ? card.height / 2 : 14);
    const rate = rateOf(context, vertex);
    if (status !== null) {
      elements.push(...statusElements(status, { x: x - 1, y: y - 5.5, size: 11, z2: Z.card + 1 }, inks));
      x += 15;
    }
    const room = end - x - (rate === '' ? 0 : measure(rate, 11.5, 400) + 8);
    const name = cut(vertex.name, room, (t) => measure(t, 12.5, 500));
    elements.push(
      text(name, { x, y }, { fill: ink, font: font(12.5, 500), align: 'left' }),
      text(rate, { x: end, y }, { fill: tokens['text-2'], font: font(11.5, 400), align: 'right' }),
    );
    return [...elements, ...bar];
  }
  const version = vertex.version ?? '';
  const versionRoom = version === '' ? 0 : Math.min(44, measure(version, 11.5, 500)) + 6;
  const weight = vertex.external ? 500 : 600;
  const signs: EngineMark[] = context.waypoints.has(vertex.id)
    ? ['waypoint']
    : enginesOf(vertex, context.engines);
  signs.forEach((engine, index) => {
    const place = {
      x: end - SIGN + 2 - (signs.length - 1 - index) * (SIGN + 4),
      y: card.y + 9,
      size: SIGN,
      z2: Z.card + 1,
    };
    const hue = tokens[ENGINE_TOKEN[engine] as keyof typeof tokens];
    elements.push(...engineElements(engine, place, { ink: hue, ground: tokens.vertex }));
  });
  const taken = signs.length * (SIGN + 4);
  const name = cut(vertex.name, end - x - versionRoom - taken, (t) => measure(t, 13, weight));
  elements.push(text(name, { x, y: card.y + 16 }, { fill: ink, font: font(13, weight), align: 'left' }));
  if (version !== '') {
    const at = { x: x + measure(name, 13, weight) + 6, y: card.y + 16.5 };
    const short = cut(version, end - taken - at.x, (t) => measure(t, 11.5, 500));
    elements.push(text(short, at, { fill: tokens['text-3'], font: font(11.5, 500), align: 'left' }));
  }
  if (status !== null) {
    elements.push(...statusElements(status, { x, y: card.y + 28, size: 11, z2: Z.card + 1 }, inks));
    x += 16;
  }
  const second = secondLine(context, vertex);
  const loud = status === 'warn' || status === 'crit';
  elements.push(
    text(
      cut(second, end - x + 4, (t) => measure(t, 11.5, 400)),
      { x, y: card.y + 34 },
      {
        fill: loud ? tokens[status] : vertex.external ? tokens['text-3'] : tokens['text-2'],
        font: font(11.5, 400),
        align: 'left',
      },
    ),
  );
  return elements;
}

/** Which share of its nodes runs which engine; the rest is on nodes that do not say. */
function shareBar({ tokens, engines }: SceneContext, vertex: Vertex, card: PlacedVertex): Element[] {
  const width = card.width - 2 * PAD;
  const y = card.y + card.height - 8;
  let x = card.x + PAD;
  return engineShares(vertex, engines).map(({ engine, share }) => {
    const place = { x, y, width: share * width - SHARE.gap, height: SHARE.height, r: 1 };
    x += share * width;
    return box(place, Z.card + 1, { fill: tokens[ENGINE_TOKEN[engine] as keyof typeof tokens] });
  });
}

/** What it serves; what it asks for when nobody calls it. */
const trafficOf = (vertex: Vertex) =>
  vertex.inbound.opened + vertex.inbound.failed.total > 0 || vertex.inbound.open > 0
    ? vertex.inbound
    : vertex.outbound;

const silent = ({ inbound, outbound }: Vertex) =>
  inbound.opened + outbound.opened + inbound.open + outbound.open === 0;

function rateOf(context: SceneContext, vertex: Vertex): string {
  const rate = flowRate(trafficOf(vertex), context.window);
  if (rate === null) return '';
  const bound = vertex.partial ? `≥${NBSP}` : '';
  return bound + rateText(rate);
}

function secondLine(context: SceneContext, vertex: Vertex): string {
  if (isLoud(vertex))
    return (
      troubleOf(vertex.healthReason, vertex.inbound) ??
      (vertex.health === 'failing' ? 'failing' : 'needs a look')
    );
  if (silent(vertex) && vertex.health === 'unknown') return 'no data';
  if (vertex.partial) return vertex.healthReason ?? 'one end only';
  const p99 = MEASURES.p99.value(trafficOf(vertex), context.window);
  if (p99 !== null) return `${rateOf(context, vertex)} · ${MEASURES.p99.format(p99)}`;
  const bytes = MEASURES.bytes.value(trafficOf(vertex), context.window);
  const rate = rateOf(context, vertex);
  return bytes === null || bytes === 0 ? rate : `${rate} · ${MEASURES.bytes.format(bytes)}`;
}
