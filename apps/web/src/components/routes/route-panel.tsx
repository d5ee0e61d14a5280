// SPDX-License-Identifier: Apache-2.0
'use client';

import type { MeshRoute } from '@undermesh/schema';
import Link from 'next/link';
import { useUrl } from '@/data/use-url';
import { formatNumber, formatRate, plural } from '@/domain/format';
import { routeName, ruleName } from '@/domain/routes/rows';
import { Status } from '../glyph';
import { Panel, PanelFigure, Section } from '../panel';
import { KeyName } from './route-columns';
import { ShareBar } from './share-bar';

/** One route: what takes it, where it leads and in which shares, and which nodes say so. */
export function RoutePanel({ route, onClose }: { route: MeshRoute; onClose: () => void }) {
  const { link } = useUrl();
  const rule = ruleName(route);
  const name = routeName(route);
  return (
    <Panel
      padded
      label={`Route: ${name}`}
      title={<span className="cut mono">{name}</span>}
      state={
        route.service === null ? (
          <Status kind="unk">no node tells what it is</Status>
        ) : (
          <span className="cut">
            to <KeyName name={route.service} />
          </span>
        )
      }
      onClose={onClose}
      footer={
        <>
          <span className="t3 small mono">number {route.number}</span>
          <span className="fill" />
          {route.service !== null && (
            <Link className="btn" href={link('/connections/', { destination: serviceName(route) })}>
              Connections
            </Link>
          )}
        </>
      }
    >
      <p className="t2">{whyWords(route, rule)}</p>
      <div className="figures">
        <PanelFigure
          name="last minute"
          value={formatRate(route.perSecond)}
          unit={route.perSecond === null ? '' : '/s'}
        />
        <PanelFigure name="requests" value={formatNumber(route.requests)} />
        <PanelFigure
          name="refused"
          value={formatNumber(route.rejected + route.limited)}
          {...(route.rejected + route.limited > 0 ? { kind: 'warn' as const } : {})}
        />
      </div>
      {route.backends.length > 0 && (
        <Section title="Backends" note="share of the last minute, of what the weight asks for">
          <ul className="items">
            {route.backends.map((backend) => (
              <li key={backend.backend ?? ''}>
                <div className="item-line">
                  <span className="medium cut">
                    {backend.backend === null ? (
                      'none: every request is refused'
                    ) : (
                      <KeyName name={backend.backend} />
                    )}
                  </span>
                  <span className="fill" />
                  {backend.backend !== null && (
                    <span className="t2">weight {formatNumber(backend.weight)}</span>
                  )}
                </div>
                <div className="item-line small">
                  {backend.wantedShare !== null && <ShareBar {...{ route, backend }} />}
                  <span className="fill" />
                  <span className="t3">
                    {backend.perSecond !== null && `${formatRate(backend.perSecond)} /s · `}
                    {formatNumber(backend.requests)} in all
                  </span>
                </div>
                {backend.rejected + backend.limited > 0 && (
                  <div className="item-line small">
                    <Status kind="warn">{refusedWords(backend)}</Status>
                  </div>
                )}
              </li>
            ))}
          </ul>
        </Section>
      )}
      {route.nodes.length > 0 && (
        <Section title="Told by" note={plural(route.nodes.length, 'node')}>
          <p className="row wrap">
            {route.nodes.map((node) => (
              <Link key={node} className="plain-link" href={link('/engines/', { node })}>
                {node}
              </Link>
            ))}
          </p>
        </Section>
      )}
    </Panel>
  );
}

const serviceName = ({ service }: MeshRoute): string => service ?? '';

const refusedWords = ({ rejected, limited }: { rejected: number; limited: number }): string =>
  [
    ...(rejected > 0 ? [`${formatNumber(rejected)} rejected: no endpoint could be taken`] : []),
    ...(limited > 0 ? [`${formatNumber(limited)} over the rate limit`] : []),
  ].join(', ');

/** Why a request takes this route, and then its backend. */
function whyWords(route: MeshRoute, rule: string | null): string {
  if (rule === null || route.service === null) {
    return 'Requests carry this number, and no node tells what it stands for: the route is gone, or it is among those that did not fit its node’s report.';
  }
  const weighted = route.backends.filter(({ weight }) => weight > 0).length;
  const then =
    weighted > 1
      ? 'One of its backends is drawn by weight for each request.'
      : weighted === 1
        ? 'It has one backend.'
        : 'It has no backend: the kernel refuses such requests.';
  const which = route.match === '' ? 'Any request' : 'A request like this';
  return `${which} to ${route.service} is taken by ${rule}, unless a more specific match takes it first. ${then}`;
}
