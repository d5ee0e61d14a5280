// SPDX-License-Identifier: Apache-2.0
import type { Level } from '@undermesh/schema';
import { COLOURS, type Colour, DEFAULT_LABEL, LABELS, type Label } from './measures';
import { parseTarget, type Target } from './paths';

export const LEVELS: readonly { id: Level; name: string }[] = [
  { id: 'namespace', name: 'Namespace' },
  { id: 'service', name: 'Service' },
  { id: 'workload', name: 'Workload' },
  { id: 'node', name: 'Node' },
];

/** Tabs of the panel of an edge or a vertex. */
export const PANEL_TABS = ['traffic', 'latency', 'connections', 'path', 'changes'] as const;
export type PanelTabId = (typeof PANEL_TABS)[number];

/** What the page shows, as it stands in the URL (window and namespaces are shared by all pages). */
export interface View {
  level: Level;
  colour: Colour;
  label: Label;
  find: string;
  /** Each text hides on its own. */
  hide: readonly string[];
  system: boolean;
  /** Waypoints are drawn as stops, with both legs of what goes through them. */
  legs: boolean;
  selected: Target | null;
  tab: PanelTabId;
  as: 'map' | 'table';
}

const oneOf = <T extends string>(value: string | null, all: readonly T[], otherwise: T): T =>
  all.find((one) => one === value) ?? otherwise;

/** Anything unknown becomes the default. `selection` is what older links call `sel`. */
export function viewOf(parameters: URLSearchParams): View {
  const get = (name: string) => parameters.get(name);
  return {
    level: oneOf(
      get('level'),
      LEVELS.map(({ id }) => id),
      'workload',
    ),
    colour: oneOf(get('colour'), COLOURS, 'health'),
    label: oneOf(get('label'), Object.keys(LABELS) as Label[], DEFAULT_LABEL),
    find: get('find') ?? '',
    hide: (get('hide') ?? '').split(';').filter((text) => text.trim() !== ''),
    system: get('system') === 'true',
    legs: get('legs') === 'true',
    selected: parseTarget(get('sel') ?? get('selection')),
    tab: oneOf(get('tab'), PANEL_TABS, 'traffic'),
    as: oneOf(get('view'), ['map', 'table'] as const, 'map'),
  };
}

/** Hide texts as one parameter; `null` for none. */
export const hideText = (hide: readonly string[]): string | null =>
  hide.length === 0 ? null : [...new Set(hide.map((text) => text.replaceAll(';', ' ').trim()))].join(';');
