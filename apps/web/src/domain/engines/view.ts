// SPDX-License-Identifier: Apache-2.0
import type { Engine, EngineCondition, NodeEngine } from '@undermesh/schema';
import type { EngineItem } from './state';
import { SLOT_ENGINES } from './switch';

export const STATE_NAMES: Record<EngineCondition, string> = {
  'in-force': 'In force',
  switching: 'Switching',
  drift: 'Drift',
  unavailable: 'Refused',
  silent: 'Silent',
};

/** What the engines page shows, as it stands in the URL. */
export interface EnginesView {
  /** The node whose details are shown; `null`: whichever changed last. */
  node: string | null;
  /** Part of a node's name. */
  find: string;
  state: EngineCondition | null;
  /** Desired or observed. */
  engine: Engine | null;
  /** The change log tells of everything, not only of engines. */
  everything: boolean;
}

const oneOf = <T extends string>(value: string | null, all: readonly T[]): T | null =>
  all.find((one) => one === value) ?? null;

/** Anything unknown becomes the default. */
export const enginesViewOf = (parameters: URLSearchParams): EnginesView => ({
  node: parameters.get('node'),
  find: parameters.get('find') ?? '',
  state: oneOf(parameters.get('state'), Object.keys(STATE_NAMES) as EngineCondition[]),
  engine: oneOf(parameters.get('engine'), SLOT_ENGINES),
  everything: parameters.get('log') === 'all',
});

/** The nodes that the filters leave, by name. */
export const shownNodes = (items: readonly EngineItem[], view: EnginesView): EngineItem[] =>
  items
    .filter(
      ({ node, engine }) =>
        node.toLowerCase().includes(view.find.trim().toLowerCase()) &&
        (view.state === null || engine.state === view.state) &&
        (view.engine === null || engine.desired === view.engine || engine.observed === view.engine),
    )
    .sort((a, b) => a.node.localeCompare(b.node, 'en', { numeric: true }));

/** The node to show: the chosen one, else the one whose engine was set last, else the first. */
export const nodeToShow = (
  shown: readonly EngineItem[],
  all: readonly EngineItem[],
  view: EnginesView,
): EngineItem | null => {
  const chosen = all.find(({ node }) => node === view.node);
  if (chosen !== undefined) return chosen;
  const latest = shown.reduce<EngineItem | null>(
    (best, one) => (changedAt(one.engine) > (best === null ? 0 : changedAt(best.engine)) ? one : best),
    null,
  );
  return latest ?? shown[0] ?? null;
};

const changedAt = ({ since }: NodeEngine): number => (since === null ? 0 : Date.parse(since));

/** How many nodes run what. */
export const countsOf = (items: readonly EngineItem[]): { engine: Engine; nodes: number }[] =>
  SLOT_ENGINES.map((engine) => ({
    engine,
    nodes: items.filter((item) => item.engine.observed === engine).length,
  })).filter(({ nodes }) => nodes > 0);
