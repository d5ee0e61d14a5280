// SPDX-License-Identifier: Apache-2.0
import type { Level } from '@undermesh/schema';
import type { UrlState } from '@/data/use-url';

/** What a panel is about, as the API's queries take it: an edge has both ends, a vertex is a destination. */
export interface PanelScope {
  level: Level;
  /** Vertex ids; `null` for any. */
  source: string | null;
  destination: string | null;
  /** What stands for the application's time. */
  destinationName: string;
  window: number;
  namespace: string | undefined;
  system: boolean | undefined;
}

/** The link to the latency page for the same peers. */
export const latencyLink = (
  link: UrlState['link'],
  { level, source, destination }: PanelScope,
  extra: Readonly<Record<string, string | null>> = {},
): string =>
  link('/latency/', { level: level === 'workload' ? null : level, from: source, to: destination, ...extra });

/** The API's query for latency between the same peers. */
export const latencyQuery = ({ level, source, destination, window, namespace, system }: PanelScope) => ({
  level,
  source,
  destination,
  window,
  namespace,
  system,
});
