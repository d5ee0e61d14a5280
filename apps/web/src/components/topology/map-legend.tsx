// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Topology } from '@undermesh/schema';
import { type EngineByNode, engineOfEdge } from '@/domain/engines/steering';
import { SLOT_ENGINES } from '@/domain/engines/switch';
import { formatCompact } from '@/domain/format';
import { type Colour, MEASURES } from '@/domain/topology/measures';
import { domainOf, RAMP, topRate } from '@/domain/topology/scale';
import type { Shown } from '@/domain/topology/shown';
import { EngineBadge, StatusGlyph } from '../glyph';

function Line({
  dash,
  width = 3,
  colour = 'var(--edge)',
}: {
  dash?: string | undefined;
  width?: number;
  colour?: string;
}) {
  return (
    <svg width="30" height="12" aria-hidden="true">
      <path d="M0 6h30" stroke={colour} strokeWidth={width} strokeDasharray={dash} />
    </svg>
  );
}

/** As {@link ENGINE_DASH} of the drawing, at the legend's width. */
const DASHES = { 'kernel-native': undefined, 'dual-engine': '9 5', off: '1.5 4.5' } as const;

/** What line, width, colour and signs mean: only what the map can show now. */
export function MapLegend({
  topology,
  shown,
  engines,
  colour,
}: {
  topology: Topology;
  shown: Shown;
  engines: EngineByNode;
  colour: Colour;
}) {
  const partial = shown.vertices.some((vertex) => vertex.partial) || shown.edges.some((edge) => edge.partial);
  const top = topRate(topology.edges, topology.window);
  const found = shown.found.vertices.size + shown.found.edges.size > 0;
  return (
    <div className="map-legend" data-testid="topology-legend">
      <EngineLines shown={shown} engines={engines} />
      {topology.level === 'namespace' && engines.size > 0 && (
        <span>
          <svg width="42" height="4" aria-hidden="true">
            <rect width="27" height="3" rx="1" fill="var(--e-dual)" />
            <rect x="29" width="13" height="3" rx="1" fill="var(--e-off)" />
          </svg>
          share of nodes by engine
        </span>
      )}
      {shown.edges.some(({ via, leg }) => via !== null || leg !== null) && (
        <span title="What requests go through on their way from client to server">
          <EngineBadge engine="waypoint" bare />
        </span>
      )}
      {partial && (
        <span>
          <Line dash="3 3" />a node is silent
        </span>
      )}
      <i />
      <span>
        <svg width="34" height="12" aria-hidden="true">
          <path d="M0 7.5 34 2v9z" fill="var(--edge)" />
        </svg>
        {top > 100 ? 1 : 0.1} to {formatCompact(top).replace('.0', '')} {flowWords(topology)}
      </span>
      {colour === 'health' ? (
        <Healths partial={partial} />
      ) : (
        <Ramp topology={topology} shown={shown} colour={colour} />
      )}
      {found && (
        <span>
          <svg width="26" height="12" aria-hidden="true">
            <path d="M0 6h26" stroke="var(--accent)" strokeWidth="11" opacity=".3" />
          </svg>
          found
        </span>
      )}
    </div>
  );
}

/** What the dash of a line says: the engine that steered its connections; the one on its source's node where none was new. */
function EngineLines({ shown, engines }: { shown: Shown; engines: EngineByNode }) {
  if (engines.size === 0) {
    return (
      <span>
        <Line />
        observed, no engine steers it
      </span>
    );
  }
  const byId = new Map(shown.vertices.map((vertex) => [vertex.id, vertex]));
  const found = new Set(shown.edges.map((edge) => engineOfEdge(edge, byId, engines)));
  return (
    <>
      {SLOT_ENGINES.filter((engine) => found.has(engine)).map((engine) => (
        <span key={engine} title="The engine that steered its connections">
          <Line dash={DASHES[engine]} />
          <EngineBadge engine={engine} bare />
        </span>
      ))}
      {found.has('several') && (
        <span title="Different engines steered its connections in this window">
          <Line dash="9 4 1.5 4" />
          several engines
        </span>
      )}
    </>
  );
}

/** What widths count. */
const flowWords = ({ edges }: Topology): string => {
  const timed = edges.filter(({ traffic }) => traffic.requests !== null).length;
  return timed === 0 ? 'conn/s' : timed === edges.length ? 'requests/s' : 'requests/s, else conn/s';
};

function Healths({ partial }: { partial: boolean }) {
  return (
    <>
      <span>
        <Line />
        ok
      </span>
      <span>
        <span className="warn">
          <StatusGlyph kind="warn" size={12} />
        </span>
        needs a look
      </span>
      <span>
        <span className="crit">
          <StatusGlyph kind="crit" size={12} />
        </span>
        failing
      </span>
      {partial && (
        <span>
          <span className="unk">
            <StatusGlyph kind="unk" size={12} />
          </span>
          silent
        </span>
      )}
    </>
  );
}

function Ramp({
  topology,
  shown,
  colour,
}: {
  topology: Topology;
  shown: Shown;
  colour: Exclude<Colour, 'health'>;
}) {
  const { name, format, log } = MEASURES[colour];
  const domain = domainOf(shown.edges, colour, topology.window);
  if (domain === null) return <span>{name}: no data in this window</span>;
  const low = log ? domain.min : 0;
  return (
    <span>
      {name} {format(low)}
      <svg width={RAMP.length * 14} height="8" aria-hidden="true">
        {RAMP.map((step, i) => (
          <rect key={step} x={i * 14} width="13" height="8" fill={`var(--${step})`} />
        ))}
      </svg>
      {format(domain.max)}
    </span>
  );
}
