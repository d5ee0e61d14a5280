// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Connections, Edge, Level, Node, Nodes } from '@undermesh/schema';
import { useMemo, useState } from 'react';
import { useFetch } from '@/data/use-fetch';
import type { UrlState } from '@/data/use-url';
import { enginesByNode } from '@/domain/engines/steering';
import { formatDuration, formatNumber, formatShare, plural } from '@/domain/format';
import { ENGINE_TOKEN } from '@/domain/glyphs';
import type { EdgeEnds } from '@/domain/topology/edge-ends';
import type { LegEdges, TimeParts } from '@/domain/topology/time-parts';
import {
  type Stop,
  sidesOf,
  steeringHooks,
  stopsOf,
  stopsThrough,
  type Way,
  wayName,
  wayOfNow,
  waysOf,
} from '@/domain/topology/way';
import { EngineBadge, EngineGlyph, Status } from '../glyph';
import { Section } from '../panel';
import { Segments } from '../segments';
import { RouteChoice } from './route-choice';

/** So many connections tell how an edge's are steered. */
const LOOKED_AT = 200;
const REFRESH_SECONDS = 3;
/** Less of the time than this is not worth a word. */
const LEAST_SHARE = 0.001;

export interface PathTabProps {
  level: Level;
  ends: EdgeEnds;
  edge: Edge;
  legs: LegEdges;
  times: TimeParts | null;
  query: { window: number; system: boolean | undefined };
  link: UrlState['link'];
}

/** How a request crosses the kernel boundary along an edge, told from the connections seen last. */
export function PathTab({ level, ends, edge, legs, times, query, link }: PathTabProps) {
  const path = level === 'workload' ? '/api/v1/connections' : null;
  const shared = { window: query.window, system: query.system, state: 'all' };
  const refresh = { refreshSeconds: REFRESH_SECONDS };
  const latest = useFetch<Connections>(path, { ...ends.first, ...shared, limit: LOOKED_AT }, refresh);
  const beyond = ends.second === null ? null : path;
  const onward = useFetch<Connections>(beyond, { ...ends.second, ...shared, limit: 1 }, refresh);
  const nodes = useFetch<Nodes>('/api/v1/nodes', {}, refresh);
  const ways = useMemo(() => waysOf(latest.data?.items ?? []), [latest.data]);
  const [chosen, setChosen] = useState<string | null>(null);
  const engines = useMemo(
    () => enginesByNode((nodes.data?.items ?? []).map(({ name, engine }) => ({ node: name, engine }))),
    [nodes.data],
  );
  const way = ways.find(({ id }) => id === chosen) ?? wayOfNow(ways, engines);
  if (level !== 'workload') {
    return (
      <p className="panel-said">
        Paths are told from connections, which are kept by workload. Step into this edge at the workload level
        to see its path.
      </p>
    );
  }
  if (latest.data === null) return <p className="panel-said">{latest.error?.message ?? 'Looking'}</p>;
  if (way === undefined) return <p className="panel-said">No connection along this edge in this window.</p>;
  const node = nodes.data?.items.find(({ name }) => name === way.latest.source.node);
  const total = latest.data.items.length;
  const along = { edge, node, times };
  const stops =
    edge.via === null
      ? stopsOf(way, along)
      : stopsThrough(way, { ...along, legs, onward: onward.data?.items[0] ?? null });
  return (
    <div className="path-tab" data-testid="path">
      {ways.length > 1 && (
        <div className="row">
          <Segments
            label="Way"
            value={way.id}
            options={ways.map((one) => ({ id: one.id, name: `${wayName(one)} ${formatShare(one.share)}` }))}
            onChange={setChosen}
          />
        </div>
      )}
      <p className="t3 small">
        {ways.length > 1
          ? `Shares of the latest ${plural(total, 'connection')}.`
          : `So went the latest ${plural(total, 'connection')}.`}{' '}
        Below, the latest of them
        {times === null ? '.' : `, with shares of the mean request, ${formatDuration(times.totalUs)}.`}
      </p>
      <PathDrawing way={way} stops={stops} totalUs={times?.totalUs ?? null} />
      {edge.via === null && <RouteChoice {...ends.first} link={link} />}
      <ReadBack way={way} node={node} />
    </div>
  );
}

/** The stops along a line that crosses the kernel boundary on each way down and up. */
function PathDrawing({ way, stops, totalUs }: { way: Way; stops: readonly Stop[]; totalUs: number | null }) {
  const items = (of: readonly Stop[]) => of.map((stop) => <StopItem key={stop.id} {...{ stop, totalUs }} />);
  return (
    <div className="path" style={{ ['--way' as string]: `var(--${ENGINE_TOKEN[way.engine]})` }}>
      <ol aria-label="From source to destination">
        {sidesOf(stops).map(({ place, stops: side }) =>
          place === 'user' ? (
            items(side)
          ) : (
            <li key={side[0]?.id} className="path-kernel">
              <span className="path-side above">user space</span>
              <span className="path-side">kernel</span>
              <ol>{items(side)}</ol>
              <span className="path-side below">user space</span>
            </li>
          ),
        )}
      </ol>
    </div>
  );
}

function StopItem({ stop, totalUs }: { stop: Stop; totalUs: number | null }) {
  const { title, text, note, place, us, mark, skipped } = stop;
  const share = us === null || totalUs === null || totalUs === 0 ? null : us / totalUs;
  return (
    <li className={`stop ${place}${skipped === true ? ' skipped' : ''}`} data-stop={stop.id}>
      {mark === undefined ? (
        <i className="stop-mark" aria-hidden="true" />
      ) : (
        <span className={`stop-sign ${mark}`}>
          <EngineGlyph engine={mark} size={18} />
        </span>
      )}
      {skipped === true ? (
        <p className="t3">
          {title}: {text.charAt(0).toLowerCase() + text.slice(1)}
        </p>
      ) : (
        <>
          <p className="medium cut">{title}</p>
          <p className="row">
            <span className="cut" title={text}>
              {text}
            </span>
            <span className="fill" />
            {share !== null && share >= LEAST_SHARE && us !== null && (
              <span className="stop-share" title={`${formatDuration(us)} of the mean request`}>
                {formatShare(share)}
              </span>
            )}
          </p>
          {note !== null && <p className="t3 small cut">{note}</p>}
        </>
      )}
    </li>
  );
}

/** The programs on the source's node that took part, as the kernel names them. */
function ReadBack({ way, node }: { way: Way; node: Node | undefined }) {
  if (node === undefined) return null;
  const hooks = way.kind === 'untouched' ? [] : steeringHooks(node, way.latest);
  const { engine } = node;
  return (
    <Section title="Read back from the kernel" note={node.name}>
      <dl className="pairs">
        {hooks.map((hook) => (
          <div key={hook.name} className="contents">
            <dt className="mono">{hook.name}</dt>
            <dd className="mono">
              {hook.attached ? (
                `id ${hook.programId} · ${hook.tag.slice(0, 8)}`
              ) : (
                <Status kind="warn">detached</Status>
              )}
            </dd>
          </div>
        ))}
        <dt>Engine in force</dt>
        <dd>
          {engine.observed === null ? (
            <span className="t3">unknown</span>
          ) : (
            <EngineBadge engine={engine.observed} bare />
          )}
          <span className="t3">generation {formatNumber(engine.generation)}</span>
        </dd>
      </dl>
    </Section>
  );
}
