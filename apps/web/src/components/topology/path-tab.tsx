// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Connections, Edge, Level, Node, Nodes } from '@undermesh/schema';
import { useMemo, useState } from 'react';
import { useFetch } from '@/data/use-fetch';
import { formatNumber, formatShare, plural } from '@/domain/format';
import { ENGINE_TOKEN } from '@/domain/glyphs';
import { type Stop, steeringHooks, stopsOf, type Way, wayName, waysOf } from '@/domain/topology/way';
import { EngineBadge, Status } from '../glyph';
import { Section } from '../panel';
import { Segments } from '../segments';

/** So many connections tell how an edge's are steered. */
const LOOKED_AT = 200;
const REFRESH_SECONDS = 3;

/** How a request crosses the kernel boundary along an edge, told from the connections seen last. */
export function PathTab({
  level,
  ends,
  edge,
  query,
}: {
  level: Level;
  /** Filters of the connections page. */
  ends: Readonly<Record<string, string>>;
  edge: Edge;
  query: { window: number; system: boolean | undefined };
}) {
  const latest = useFetch<Connections>(
    level === 'workload' ? '/api/v1/connections' : null,
    { ...ends, window: query.window, system: query.system, state: 'all', limit: LOOKED_AT },
    { refreshSeconds: REFRESH_SECONDS },
  );
  const nodes = useFetch<Nodes>('/api/v1/nodes', {}, { refreshSeconds: REFRESH_SECONDS });
  const ways = useMemo(() => waysOf(latest.data?.items ?? []), [latest.data]);
  const [chosen, setChosen] = useState<string | null>(null);
  const way = ways.find(({ id }) => id === chosen) ?? ways[0];
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
  return (
    <div className="path-tab" data-testid="path">
      <div className="row">
        {ways.length > 1 ? (
          <Segments
            label="Way"
            value={way.id}
            options={ways.map((one) => ({ id: one.id, name: `${wayName(one)} ${formatShare(one.share)}` }))}
            onChange={setChosen}
          />
        ) : (
          <EngineBadge engine={way.engine} />
        )}
      </div>
      <p className="t3 small">
        {ways.length > 1
          ? `Shares of the latest ${plural(total, 'connection')}.`
          : `So went the latest ${plural(total, 'connection')}.`}{' '}
        Below, the latest of them.
      </p>
      <PathDrawing way={way} stops={stopsOf(way, edge, node)} />
      <ReadBack way={way} node={node} />
    </div>
  );
}

/** The stops along a line that crosses the kernel boundary twice. */
function PathDrawing({ way, stops }: { way: Way; stops: readonly Stop[] }) {
  const kernel = stops.filter(({ place }) => place === 'kernel');
  const [first, last] = [stops[0], stops.at(-1)];
  return (
    <div className="path" style={{ ['--way' as string]: `var(--${ENGINE_TOKEN[way.engine]})` }}>
      <ol aria-label="From source to destination">
        {first !== undefined && <StopItem stop={first} />}
        <li className="path-kernel">
          <span className="path-side above">user space</span>
          <span className="path-side">kernel</span>
          <ol>
            {kernel.map((stop) => (
              <StopItem key={stop.id} stop={stop} />
            ))}
          </ol>
          <span className="path-side below">user space</span>
        </li>
        {last !== undefined && <StopItem stop={last} />}
      </ol>
    </div>
  );
}

function StopItem({ stop: { title, text, note, place, skipped } }: { stop: Stop }) {
  return (
    <li className={`stop ${place}${skipped === true ? ' skipped' : ''}`}>
      <i className="stop-mark" aria-hidden="true" />
      {skipped === true ? (
        <p className="t3">
          {title}: {text.charAt(0).toLowerCase() + text.slice(1)}
        </p>
      ) : (
        <>
          <p className="medium cut">{title}</p>
          <p className="cut" title={text}>
            {text}
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
