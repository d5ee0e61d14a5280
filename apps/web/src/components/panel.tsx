// SPDX-License-Identifier: Apache-2.0
'use client';

import { type ReactNode, useEffect, useRef } from 'react';
import { Icon } from './icon';

export interface PanelTab {
  id: string;
  name: string;
  count?: number;
}

export interface PanelProps {
  /** What the panel is about, for assistive technology. */
  label: string;
  title: ReactNode;
  /** The line under the title: status first. */
  state?: ReactNode;
  /** Icon buttons before the ×. */
  tools?: ReactNode;
  tabs?: readonly PanelTab[];
  tab?: string;
  onTab?: (id: string) => void;
  footer?: ReactNode;
  /** 452 instead of 404: a record. */
  wide?: boolean;
  /** 20 px around the content and gaps between sections. */
  padded?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** The side panel. Escape closes it. Focus is not moved: the list or map beside it keeps the keyboard. */
export function Panel(props: PanelProps) {
  const {
    label,
    title,
    state,
    tools,
    tabs,
    tab,
    onTab,
    footer,
    wide = false,
    padded = false,
    onClose,
  } = props;
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  }, [onClose]);
  // Where it covers the page, the keyboard goes with it and comes back afterwards.
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!matchMedia('(max-width: 1199px)').matches) return;
    const before = document.activeElement;
    first.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented) close.current();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
  return (
    <aside className={`panel${wide ? ' wide' : ''}`} aria-label={label}>
      <div className="panel-head">
        <div className="panel-title">
          <h2>{title}</h2>
          {tools}
          <button ref={first} type="button" className="icon-btn" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        {state !== undefined && <div className="panel-state">{state}</div>}
      </div>
      {tabs !== undefined && tabs.length > 0 && (
        <div className="panel-tabs" role="tablist" aria-label={label}>
          {tabs.map((one) => (
            <button
              key={one.id}
              type="button"
              role="tab"
              id={`tab-${one.id}`}
              aria-selected={one.id === tab}
              aria-controls="panel-content"
              onClick={() => onTab?.(one.id)}
            >
              {one.name}
              {one.count !== undefined && <span className="count">{one.count}</span>}
            </button>
          ))}
        </div>
      )}
      {tabs === undefined ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it.
        <section className={`panel-body${padded ? ' padded' : ''}`} tabIndex={0} aria-label={label}>
          {props.children}
        </section>
      ) : (
        <div
          id="panel-content"
          className={`panel-body${padded ? ' padded' : ''}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it.
          tabIndex={0}
          role="tabpanel"
          aria-labelledby={`tab-${tab}`}
        >
          {props.children}
        </div>
      )}
      {footer !== undefined && <div className="panel-foot">{footer}</div>}
    </aside>
  );
}

/** A panel figure, 18/600, with its unit and name. */
export function PanelFigure({
  name,
  value,
  unit,
  kind,
}: {
  name: string;
  value: ReactNode;
  unit?: string;
  kind?: 'warn' | 'crit';
}) {
  return (
    <div>
      <div className={`figure-value ${kind ?? ''}`}>
        {value}
        {unit !== undefined && unit !== '' && <small> {unit}</small>}
      </div>
      <div className="figure-key">{name}</div>
    </div>
  );
}

/** A titled part of a padded panel. */
export function Section({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <h3>
        {title}
        {note !== undefined && <span className="t3">{note}</span>}
      </h3>
      {children}
    </section>
  );
}
