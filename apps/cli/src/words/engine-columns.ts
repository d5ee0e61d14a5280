// SPDX-License-Identifier: Apache-2.0
import type { Engines, NodeEngine } from '@undermesh/schema';
import type { Line } from '../output/line.js';
import type { Column } from '../output/table.js';
import { ABSENT, formatNumber, formatShare, formatSpan, formatTime } from './figures.js';

/** One node of the answer to /engines. */
export type EngineRow = Engines['items'][number];

/** Columns of `undermesh engine`. `now`: Unix ms. */
export const engineColumns = (now: number): Column<EngineRow>[] => [
  { header: 'Node', elastic: true, cell: ({ node }) => [node] },
  { header: 'Desired', cell: ({ engine }) => [engine.desired] },
  { header: 'Observed', cell: ({ engine }) => [observedWords(engine)] },
  { header: 'State', cell: (row) => stateLine(row.engine, now) },
  { header: 'On an old engine', minor: 2, cell: ({ engine }) => drainingLine(engine) },
  { header: 'Set by', minor: 1, elastic: true, cell: ({ engine }) => deciderLine(engine) },
  {
    header: 'Since',
    minor: 3,
    cell: ({ engine }) => [engine.since === null ? ABSENT : formatTime(engine.since, now)],
  },
];

const observedWords = ({ observed, state }: NodeEngine): string =>
  observed === null ? ABSENT : state === 'silent' ? `${observed}?` : observed;

/** Where a node stands, and for how long where that matters: `◌ silent 4 min`. */
export function stateLine({ state, stateSince }: NodeEngine, now: number): Line {
  const seconds = stateSince === null ? null : (now - Date.parse(stateSince)) / 1000;
  const span = seconds === null ? '' : ` ${formatSpan(seconds)}`;
  switch (state) {
    case 'in-force':
      return ['in force'];
    case 'switching':
      return [{ text: '◐ switching', style: 'cyan' }];
    case 'drift':
      return [{ text: `▲ drift${span}`, style: 'yellow' }];
    case 'silent':
      return [{ text: `◌ silent${span}`, style: 'yellow' }];
    case 'unavailable':
      return [{ text: '✖ unavailable', style: 'red' }];
  }
}

/** Open connections that an earlier engine steered: `418 (34 %) dual-engine`. */
function drainingLine({ draining, connections, observed }: NodeEngine): Line {
  if (observed === null) return [{ text: 'unknown', style: 'dim' }];
  const old = draining.reduce((sum, one) => sum + one.connections, 0);
  if (old === 0) return [{ text: 'none', style: 'dim' }];
  const engines = [...new Set(draining.map(({ engine }) => engine ?? 'unknown'))];
  const share = connections === null ? '' : ` (${formatShare(old / (old + connections))})`;
  return [`${formatNumber(old)}${share} ${engines.join(', ')}`];
}

const deciderLine = ({ setBy, who }: NodeEngine): Line =>
  setBy === 'api' ? [who ?? 'api'] : [{ text: setBy === 'label' ? 'label' : 'configuration', style: 'dim' }];
