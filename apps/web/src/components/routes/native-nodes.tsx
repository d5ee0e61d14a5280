// SPDX-License-Identifier: Apache-2.0
'use client';

import type { NativeNode } from '@undermesh/schema';
import Link from 'next/link';
import { useUrl } from '@/data/use-url';
import { formatCompact, formatNumber, formatRate, plural } from '@/domain/format';
import { fallbackWords } from '@/domain/routes/fallbacks';
import { unexpressed } from '@/domain/routes/rows';
import { EngineBadge, Status } from '../glyph';
import { KeyName } from './route-columns';

/** Each node's module, what went on without a choice and why, and the services that kernels cannot choose for. */
export function NativeNodes({ nodes }: { nodes: readonly NativeNode[] }) {
  return (
    <div className="native-nodes">
      <NotExpressibleCard nodes={nodes} />
      {nodes.map((node) => (
        <NodeCard key={node.node} node={node} />
      ))}
    </div>
  );
}

/** The kernel module of a node, in one line. */
export function ModuleState({ module }: Pick<NativeNode, 'module'>) {
  const version = module.version === null ? '' : ` ${module.version}`;
  if (module.problem !== null) return <Status kind="warn">{module.problem}</Status>;
  return (
    <Status kind={module.loaded ? 'ok' : 'unk'} quiet={module.loaded}>
      {module.loaded ? `module${version} is loaded` : 'the module is not loaded'}
    </Status>
  );
}

function NodeCard({ node }: { node: NativeNode }) {
  const { link } = useUrl();
  const { engine, module, routesTold, routesTotal, fallbacks, state } = node;
  return (
    <section className="card" aria-label={`Kernel-native on ${node.node}`}>
      <div className="card-head">
        <h2>{node.node}</h2>
        {engine !== null && <EngineBadge engine={engine} bare />}
        {state !== 'reporting' && <Status kind="unk">silent: as of its last report</Status>}
        <span className="fill" />
        {routesTotal === 0 ? (
          <span className="t3">no routes</span>
        ) : (
          <Link href={link('/routes/', { node: node.node })}>{plural(routesTotal, 'route')}</Link>
        )}
        <Link href={link('/engines/', { node: node.node })}>Engine</Link>
      </div>
      <div className="card-body native-card">
        <p>
          <ModuleState module={module} />
        </p>
        {routesTold < routesTotal && (
          <p className="t2">
            Its {formatNumber(routesTold)} busiest routes with their backends are told of{' '}
            {formatNumber(routesTotal)}.
          </p>
        )}
        <Fallbacks fallbacks={fallbacks} />
      </div>
    </section>
  );
}

/** What went on without a choice by route, by reason, with what that means. */
export function Fallbacks({ fallbacks, most }: Pick<NativeNode, 'fallbacks'> & { most?: number }) {
  const there = fallbacks.filter(({ count }) => count > 0);
  if (there.length === 0) return <p className="t3">Nothing went on without a choice by route.</p>;
  return (
    <ul className="items tight" aria-label="Fallbacks by reason">
      {there.slice(0, most).map(({ reason, count, perSecond }) => {
        const { title, text } = fallbackWords(reason);
        return (
          <li key={reason}>
            <div className="item-line">
              <span className="medium cut" title={reason}>
                {title}
              </span>
              <span className="fill" />
              {perSecond !== null && perSecond > 0 && <span className="t3">{formatRate(perSecond)} /s</span>}
              <span>{formatCompact(count)}</span>
            </div>
            <p className="t3 small">{text}</p>
          </li>
        );
      })}
    </ul>
  );
}

function NotExpressibleCard({ nodes }: { nodes: readonly NativeNode[] }) {
  const services = unexpressed(nodes);
  if (services.length === 0) return null;
  const untold = Math.max(0, ...nodes.map((one) => one.notExpressibleTotal - one.notExpressible.length));
  return (
    <section className="card wide" aria-label="Services that the kernel cannot choose for">
      <div className="card-head">
        <h2>Services that the kernel cannot choose for</h2>
        <span className="t3">
          their requests go by their waypoint where they have one, else they are balanced by connection
        </span>
      </div>
      <div className="card-body">
        <ul className="items tight">
          {services.map(({ service, reason, nodes: of }) => (
            <li key={`${service} ${reason}`}>
              <div className="item-line">
                <Status kind="warn">
                  <KeyName name={service} />
                </Status>
                <span className="fill" />
                <span className="t3 cut" title={of.join(', ')}>
                  {of.length === nodes.length ? 'on every node' : of.join(', ')}
                </span>
              </div>
              <p className="t2 small">{reason}</p>
            </li>
          ))}
        </ul>
        {untold > 0 && (
          <p className="t3 small">and {plural(untold, 'more service')} that a node did not name</p>
        )}
        <p className="t2 native-advice">
          Give such a service a waypoint, which can do all that an HTTPRoute asks for, or take out of its
          routes what the kernel cannot do: regular expressions, header changes, redirects, rewrites,
          timeouts, retries.
        </p>
      </div>
    </section>
  );
}
