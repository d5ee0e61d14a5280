// SPDX-License-Identifier: Apache-2.0
import type { LatencyMeasure, LatencySplit, Level } from '@undermesh/schema';
import { LEVELS } from '../topology/view';
import { type Region, regionOf } from './region';
import { type CompareChoice, compareOf } from './windows';

/** What the latency page shows, as it stands in the URL (the window is shared by all pages). */
export interface LatencyView {
  level: Level;
  /** Vertex ids or names; `null` for any. */
  from: string | null;
  to: string | null;
  measure: LatencyMeasure;
  split: LatencySplit;
  compare: CompareChoice | null;
  brush: Region | null;
  as: 'map' | 'table';
}

const oneOf = <T extends string>(value: string | null, all: readonly T[], otherwise: T): T =>
  all.find((one) => one === value) ?? otherwise;
const textOf = (value: string | null): string | null => (value === null || value === '' ? null : value);

/** Anything unknown becomes the default. */
export function latencyViewOf(parameters: URLSearchParams): LatencyView {
  const get = (name: string) => parameters.get(name);
  const measure = oneOf(get('measure'), Object.keys(MEASURE_NAMES) as LatencyMeasure[], 'first_byte');
  const split = oneOf(get('split'), Object.keys(SPLIT_NAMES) as LatencySplit[], 'none');
  return {
    level: oneOf(
      get('level'),
      LEVELS.map(({ id }) => id),
      'workload',
    ),
    from: textOf(get('from')),
    to: textOf(get('to')),
    measure,
    // connections have neither status nor parts of time
    split: isOfRequests(measure) ? split : 'node',
    compare: compareOf(get('compare')),
    brush: regionOf(get('brush')),
    as: oneOf(get('view'), ['map', 'table'] as const, 'map'),
  };
}

/** HTTP requests, which have status and parts; the others are figures of connections. */
export const isOfRequests = (measure: LatencyMeasure): boolean =>
  measure === 'first_byte' || measure === 'last_byte';

/** What is counted: `requests` or `connections`. */
export const sampleNoun = (measure: LatencyMeasure): string =>
  isOfRequests(measure) ? 'requests' : measure === 'round_trip' ? 'connections measured' : 'connections';

export const MEASURE_NAMES: Record<LatencyMeasure, string> = {
  first_byte: 'Requests by latency',
  last_byte: 'Requests by time to the last byte',
  connect: 'Connections by connect time',
  round_trip: 'Connections by smoothed round trip',
  lifetime: 'Connections by lifetime',
};

export const SPLIT_NAMES: Record<LatencySplit, string> = {
  none: 'None',
  node: 'Node',
  status: 'Status',
  time: 'Application',
};

/** The part of the API's query that says what is measured, without the time. */
export const filtersOf = (view: LatencyView, system: boolean) => ({
  level: view.level,
  source: view.from,
  destination: view.to,
  measure: view.measure,
  ...(system ? { system } : {}),
});
