// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Engine } from '@undermesh/schema';
import Link from 'next/link';
import { useMemo } from 'react';
import type { UrlState } from '@/data/use-url';
import { type Drain, drainOf, type OpenSample } from '@/domain/engines/draining';
import { isEngineSwitch } from '@/domain/engines/log';
import { offerOf } from '@/domain/engines/order';
import { type EngineItem, engineVerdict, isLabelManaged } from '@/domain/engines/state';
import { SLOT_ENGINES } from '@/domain/engines/switch';
import { formatDateTime, formatNumber, formatSeconds, formatShare, plural } from '@/domain/format';
import { EngineBadge, Status, StatusGlyph } from '../glyph';
import { Arrow, Icon } from '../icon';
import { Course, Effect } from './effect-section';
import { NativeSection } from './native-section';
import { OpenConnections } from './open-section';

export interface NodeDetailProps {
  item: EngineItem;
  /** Of this node, newest first. */
  changes: readonly Change[];
  samples: readonly OpenSample[];
  /** The collector's clock. */
  now: string | null;
  /** Seconds in view. */
  window: number;
  link: UrlState['link'];
  onChoose: (item: EngineItem, engine: Engine, anchor: HTMLElement) => void;
}

/** One node's engine in full: what is asked for and why, what the kernel says, what drains, what the switch did. */
export function NodeDetail(props: NodeDetailProps) {
  const { item, samples, now, window, link, onChoose } = props;
  const { node, engine } = item;
  const switches = useMemo(() => props.changes.filter(isEngineSwitch), [props.changes]);
  const last = switches[0] ?? null;
  const before = SLOT_ENGINES.find((one) => one === last?.before) ?? null;
  const verdict = engineVerdict(item, now);
  const drain = drainOf(engine);
  const faults = engine.drift.filter(({ mended }) => !mended);
  const mended = engine.drift.filter((one) => one.mended);
  return (
    <section className="card node-detail" aria-label={`Engine of ${node}`} data-testid="engine-detail">
      <div className="detail-head">
        <div className="row">
          <h2 className="cut">{node}</h2>
          <span className="row engines">
            {engine.observed !== null && engine.observed !== engine.desired && (
              <>
                <EngineBadge engine={engine.observed} />
                <Arrow />
              </>
            )}
            <EngineBadge engine={engine.desired} />
          </span>
          <span className="fill" />
          <Link className="btn" href={link('/nodes/', { node, tab: 'hooks' })}>
            Node
          </Link>
          {before !== null && before !== engine.desired && offerOf(item, before).kind === 'order' && (
            <button
              type="button"
              className="btn danger"
              onClick={(event) => onChoose(item, before, event.currentTarget)}
            >
              <Icon name="undo" size={14} />
              Roll back to {before}
            </button>
          )}
        </div>
        <p className="t2">{orderedBy(item, now)}</p>
      </div>
      <div className="detail-said">
        <span className={verdict.kind}>
          <StatusGlyph kind={verdict.kind} size={22} />
        </span>
        <div>
          <p className="detail-title" role="status">
            {verdict.title}
          </p>
          <p className="t2">{verdict.text}</p>
          {drain !== null && drain.old > 0 && <p className="t2">{drainWords(drain)}</p>}
        </div>
      </div>
      {faults.length + mended.length > 0 && (
        <ul className="items detail-part drift-list">
          {[...faults, ...mended].slice(0, 6).map((one) => (
            <li key={`${one.what} ${one.since}`}>
              <div className="item-line">
                <Status kind={one.mended ? 'ok' : 'warn'} quiet={one.mended}>
                  {one.what}
                </Status>
                <span className="fill" />
                <span className="t3 small">
                  {one.mended ? 'put right, ' : 'since '}
                  {formatSeconds(one.since)}
                </span>
              </div>
            </li>
          ))}
        </ul>
      )}
      <Effect
        node={node}
        change={last}
        window={window}
        now={now === null ? 0 : Date.parse(now)}
        link={link}
      />
      <div className="detail-charts">
        <Course node={node} changes={switches} window={window} />
        <OpenConnections node={node} samples={samples} changes={switches} />
      </div>
      <NativeSection {...{ node, link }} />
      <Hooks item={item} />
    </section>
  );
}

/** `Ordered 14:32:06 by m.chen: “take load off the waypoint”`, or who else decides. */
function orderedBy({ engine }: EngineItem, now: string | null): string {
  const { setBy, who, since, reason } = engine;
  if (setBy === 'config') return 'Nobody has ordered an engine: its agent’s configuration decides.';
  const when =
    since === null
      ? ''
      : ` ${now !== null && new Date(now).toDateString() === new Date(since).toDateString() ? formatSeconds(since) : formatDateTime(since)}`;
  if (isLabelManaged(engine)) return `Set by its label${when}. Only a change of the label changes it.`;
  return `Ordered${when}${who === null ? '' : ` by ${who}`}${reason === null || reason === '' ? '' : `: “${reason}”`}`;
}

const drainWords = ({ old, share, engine }: Drain): string =>
  `${share === null ? '' : `${formatShare(share)} of what is steered, `}${plural(old, 'connection')}, ${old === 1 ? 'is' : 'are'} still with ${engine ?? 'an earlier engine'} and ${old === 1 ? 'ends' : 'end'} there.`;

/** Hooks of the engine with the links that the kernel says are attached. */
function Hooks({ item: { engine } }: { item: EngineItem }) {
  return (
    <section className="detail-part" aria-label="Hooks and links">
      <h3>
        Hooks and links <span className="t3">read back from the kernel, generation {engine.generation}</span>
      </h3>
      {engine.hooks.length === 0 ? (
        <p className="t3">
          {engine.desired === 'off' ? 'No engine, no hook: connects pass untouched.' : 'None was reported.'}
        </p>
      ) : (
        <ul className="hook-grid">
          {engine.hooks.map(({ name, expected, attached }) => (
            <li key={name} className="item-line">
              <span className="mono cut">{name}</span>
              <span className="fill" />
              {attached === expected ? (
                <span className="t2">
                  {formatNumber(attached)} {attached === 1 ? 'link' : 'links'}
                </span>
              ) : (
                <Status kind="warn">
                  {formatNumber(attached)} of {plural(expected, 'link')}
                </Status>
              )}
            </li>
          ))}
        </ul>
      )}
      {SLOT_ENGINES.map((one) => ({ one, why: engine.unavailable[one] })).map(({ one, why }) =>
        why === undefined ? null : (
          <p key={one} className="row detail-unavailable">
            <EngineBadge engine={one} bare />
            <span className="t2">is not available: {why}</span>
          </p>
        ),
      )}
    </section>
  );
}
