// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, LatencyMeasure, LatencySplit, Topology, Vertex } from '@undermesh/schema';
import { useMemo } from 'react';
import type { UrlState } from '@/data/use-url';
import { isOfRequests, type LatencyView, SPLIT_NAMES } from '@/domain/latency/view';
import { EARLIER } from '@/domain/latency/windows';
import { changeFlag } from '@/domain/latency/words';
import { LEVELS } from '@/domain/topology/view';
import { Icon } from '../icon';
import { Menu } from '../menu';
import { Picker, type PickerOption } from '../picker';
import { WindowMenu } from '../scope';
import { Segments } from '../segments';

const FAMILIES = [
  { id: 'requests', name: 'Requests' },
  { id: 'connect', name: 'Connect' },
  { id: 'round_trip', name: 'Smoothed round trip' },
] as const;
type Family = (typeof FAMILIES)[number]['id'];
const BYTES: readonly { id: LatencyMeasure; name: string }[] = [
  { id: 'first_byte', name: 'First byte' },
  { id: 'last_byte', name: 'Last byte' },
];
const SPLITS = Object.entries(SPLIT_NAMES) as [LatencySplit, string][];
/** What belongs to one pair of peers and one measure, and goes when they change. */
const FRESH = { brush: null } as const;

/** How a vertex reads: name and version. */
export const vertexName = ({ name, version }: Pick<Vertex, 'name' | 'version'>): string =>
  version === null ? name : `${name} ${version}`;

/** Names of a comma-separated list of ids or names, as the topology knows them. */
export const peerNames = (text: string | null, topology: Topology | null): string | null =>
  text === null
    ? null
    : text
        .split(',')
        .map((one) => {
          const found = topology?.vertices.find(
            ({ id, name, namespace }) => id === one || `${namespace}/${name}` === one || name === one,
          );
          return found === undefined ? one.slice(one.lastIndexOf('/') + 1) : vertexName(found);
        })
        .join(', ');

export interface LatencyBarProps {
  view: LatencyView;
  topology: Topology | null;
  set: UrlState['set'];
}

/** Between whom, at which level, and what is measured. */
export function LatencyBar({ view, topology, set }: LatencyBarProps) {
  const family: Family = isOfRequests(view.measure)
    ? 'requests'
    : view.measure === 'connect'
      ? 'connect'
      : 'round_trip';
  const { sources, destinations } = useMemo(() => optionsOf(topology, view.from), [topology, view.from]);
  const level = LEVELS.find(({ id }) => id === view.level)?.name ?? '';
  return (
    <>
      <Menu
        align="start"
        label={`Level: ${level}`}
        button={level}
        options={LEVELS.map(({ id, name }) => ({ id, name, on: id === view.level }))}
        onChoose={(id) =>
          set({ level: id === 'workload' ? null : id, from: null, to: null, ...FRESH }, { push: true })
        }
      />
      <Picker
        label={`From ${peerNames(view.from, topology) ?? 'any'}`}
        button={
          <>
            <span className="key">From</span>
            <span className="cut">{peerNames(view.from, topology) ?? 'any'}</span>
          </>
        }
        options={sources}
        value={view.from}
        any="any"
        onChoose={(id) => set({ from: id, ...FRESH }, { push: true })}
      />
      <span className="t3" aria-hidden="true">
        <Icon name="arrow" size={14} />
      </span>
      <Picker
        label={`To ${peerNames(view.to, topology) ?? 'any'}`}
        button={
          <>
            <span className="key">To</span>
            <span className="cut">{peerNames(view.to, topology) ?? 'any'}</span>
          </>
        }
        options={destinations}
        value={view.to}
        any="any"
        onChoose={(id) => set({ to: id, ...FRESH }, { push: true })}
      />
      <Segments
        label="Measure"
        value={family}
        options={FAMILIES}
        onChange={(id) => set({ measure: id === 'requests' ? null : id, ...FRESH }, { push: true })}
      />
      {family === 'requests' && (
        <Menu
          align="start"
          label={`Until: ${BYTES.find(({ id }) => id === view.measure)?.name ?? ''}`}
          button={BYTES.find(({ id }) => id === view.measure)?.name}
          head="From the end of the request to the"
          options={BYTES.map(({ id, name }) => ({
            id,
            name: `${name} of the answer`,
            on: id === view.measure,
          }))}
          onChoose={(id) => set({ measure: id === 'first_byte' ? null : id, ...FRESH }, { push: true })}
        />
      )}
    </>
  );
}

/** Right end of the bar: taken apart by what, compared with what, over which window. */
export function LatencyScope({
  view,
  changes,
  set,
  onHalves,
}: Pick<LatencyBarProps, 'view' | 'set'> & { changes: readonly Change[]; onHalves: () => void }) {
  const { compare } = view;
  const chosen =
    compare === null
      ? null
      : compare.kind === 'change'
        ? { key: 'Compare around', name: `#${compare.number}` }
        : compare.kind === 'earlier'
          ? {
              key: 'Compare',
              name: EARLIER.find(({ seconds }) => seconds === compare.seconds)?.name ?? 'earlier',
            }
          : { key: 'Compare', name: 'A and B' };
  return (
    <>
      {isOfRequests(view.measure) && (
        <Menu
          label={`Split by ${view.split}`}
          button={
            <>
              <span className="key">Split</span>
              {SPLIT_NAMES[view.split]}
            </>
          }
          options={SPLITS.map(([id, name]) => ({ id, name, on: id === view.split }))}
          onChoose={(id) => set({ split: id === 'none' ? null : id }, { push: true })}
        />
      )}
      <Menu
        label={chosen === null ? 'Compare' : `${chosen.key} ${chosen.name}`}
        button={
          chosen === null ? (
            'Compare'
          ) : (
            <>
              <span className="key">{chosen.key}</span>
              {chosen.name}
            </>
          )
        }
        options={[
          { id: '', name: 'Nothing', on: compare === null },
          { id: 'halves', name: 'Two windows, placed by hand', on: compare?.kind === 'windows' },
          ...EARLIER.map(({ seconds, name }) => ({
            id: `earlier:${seconds}`,
            name,
            on: compare?.kind === 'earlier' && compare.seconds === seconds,
          })),
          ...changes.slice(0, 8).map((change) => ({
            id: `change:${change.number}`,
            name: `Around #${change.number} ${changeFlag(change)}`,
            on: compare?.kind === 'change' && compare.number === change.number,
          })),
        ]}
        onChoose={(id) => (id === 'halves' ? onHalves() : set({ compare: id }, { push: true }))}
      />
      <WindowMenu />
    </>
  );
}

function optionsOf(topology: Topology | null, from: string | null) {
  const vertices = topology?.vertices ?? [];
  const edges = topology?.edges ?? [];
  const option = (vertex: Vertex, group?: string): PickerOption => ({
    id: vertex.id,
    name: vertexName(vertex),
    ...(vertex.namespace === '' || vertex.namespace === vertex.name ? {} : { detail: vertex.namespace }),
    ...(group === undefined ? {} : { group }),
  });
  const byName = [...vertices].sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
  const calls = new Set(edges.map(({ source }) => source));
  const called = new Set(edges.map(({ destination }) => destination));
  const source = vertices.find(
    ({ id, name, namespace }) => id === from || `${namespace}/${name}` === from || name === from,
  );
  const its = new Set(edges.flatMap((edge) => (edge.source === source?.id ? [edge.destination] : [])));
  return {
    sources: byName.filter(({ id }) => calls.has(id)).map((vertex) => option(vertex)),
    destinations:
      its.size === 0
        ? byName.filter(({ id }) => called.has(id)).map((vertex) => option(vertex))
        : [
            ...byName
              .filter(({ id }) => its.has(id))
              .map((vertex) =>
                option(vertex, `Called by ${source === undefined ? 'it' : vertexName(source)}`),
              ),
            ...byName
              .filter(({ id }) => called.has(id) && !its.has(id))
              .map((vertex) => option(vertex, 'Called by others')),
          ],
  };
}
