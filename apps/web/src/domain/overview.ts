// SPDX-License-Identifier: Apache-2.0
import type { Edge, Series, Status, Vertex } from '@undermesh/schema';
import { formatSpan, inWords, plural, sentence } from './format';

/** First and last index of a series during which a node was silent; `null` when all reported or the silence is younger than a step. */
export const missingSpan = (
  series: Series,
  silent: Status['nodes']['silent'],
): readonly [number, number] | null => {
  const from = Date.parse(series.from);
  const step = series.stepSeconds * 1000;
  const last = series.opened.length - 1;
  const starts = silent
    .filter((node) => node.lastSeenAt !== null)
    .map((node) => Math.floor((Date.parse(node.lastSeenAt ?? '') - from) / step));
  if (starts.length === 0 || last < 0) return null;
  const first = Math.max(0, Math.min(...starts));
  return first >= last ? null : [first, last];
};

/** Names of the silent, for a label: `shop-3 missing`, `3 nodes missing`. */
export const missingLabel = (silent: readonly { name: string }[]): string =>
  silent.length === 1 ? `${silent[0]?.name ?? ''} missing` : `${silent.length} nodes missing`;

/** The page's one sentence: how large, and what needs a look. */
export const overviewSentence = (
  status: Status | null,
  edges: readonly Edge[] | null,
  vertices: readonly Vertex[] | null,
): string => {
  if (status === null || edges === null) return '';
  const silent = status.nodes.silent;
  if (silent.length > 0) {
    return silent.length === 1
      ? `Figures are lower bounds while ${silent[0]?.name ?? ''} is silent.`
      : `Figures are lower bounds while ${inWords(silent.length)} nodes are silent.`;
  }
  if (edges.length === 0) return 'No connections in this window.';
  const failing = edges.filter((edge) => edge.health === 'failing').length;
  const warning = edges.filter((edge) => edge.health === 'warning').length;
  const size =
    vertices === null
      ? plural(edges.length, 'edge')
      : `${plural(vertices.filter((vertex) => !vertex.external).length, 'workload')} on ${plural(status.nodes.total, 'node')}`;
  const verbs = (count: number, one: string, many: string): string => (count === 1 ? one : many);
  const parts = [
    ...(failing > 0 ? [`${inWords(failing)} ${verbs(failing, 'edge fails', 'edges fail')}`] : []),
    ...(warning > 0
      ? [
          `${inWords(warning)} ${failing > 0 ? verbs(warning, 'needs a look', 'need a look') : verbs(warning, 'edge needs a look', 'edges need a look')}`,
        ]
      : []),
  ];
  return `${size}. ${parts.length === 0 ? 'Nothing needs a look.' : `${sentence(parts.join(', '))}.`}`;
};

/** Beside the edge table's title: `2 of 12 need a look, 3 are partial`. */
export const edgesNote = (edges: readonly Edge[], more: boolean): string => {
  const look = edges.filter((edge) => edge.health === 'failing' || edge.health === 'warning').length;
  const partial = edges.filter((edge) => edge.partial).length;
  const all = `${edges.length}${more ? '+' : ''}`;
  const first =
    look === 0 ? `all ${all} are steady` : `${look} of ${all} ${look === 1 ? 'needs' : 'need'} a look`;
  return partial === 0 ? first : `${first}, ${partial} ${partial === 1 ? 'is' : 'are'} partial`;
};

/** Where the failures are, for the tile: one edge's name, or in how many. `null` when there are none. */
export const failureSpread = (edges: readonly Edge[]): { only: Edge } | { count: number } | null => {
  const failing = edges.filter((edge) => edge.traffic.failed.total > 0);
  const total = failing.reduce((sum, edge) => sum + edge.traffic.failed.total, 0);
  if (total === 0) return null;
  const main = failing.find((edge) => edge.traffic.failed.total / total >= 0.95);
  return main === undefined ? { count: failing.length } : { only: main };
};

/** A silent node's age at the collector's clock: `silent 4 min`. */
export const silentWords = (lastSeenAt: string | null, now: string | number): string => {
  if (lastSeenAt === null) return 'never reported';
  const seconds = (new Date(now).getTime() - Date.parse(lastSeenAt)) / 1000;
  return `silent ${formatSpan(seconds >= 60 ? Math.floor(seconds / 60) * 60 : seconds)}`;
};
