// SPDX-License-Identifier: Apache-2.0
'use client';

import { useCallback } from 'react';
import type { Operator } from '@/data/use-operator';
import type { UrlState } from '@/data/use-url';
import { enginesCsv, enginesJson } from '@/domain/engines/export';
import { type EngineItem, needsLook } from '@/domain/engines/state';
import { SLOT_ENGINES } from '@/domain/engines/switch';
import { countsOf, type EnginesView, STATE_NAMES } from '@/domain/engines/view';
import { ExportMenu } from '../export-menu';
import { EngineBadge } from '../glyph';
import { Icon } from '../icon';
import { Menu } from '../menu';
import { WindowMenu } from '../scope';
import { useFindField } from '../use-find-field';

/** Which nodes, and how many run what. */
export function EnginesBar({
  view,
  items,
  set,
}: {
  view: EnginesView;
  items: readonly EngineItem[] | null;
  set: UrlState['set'];
}) {
  const write = useCallback((find: string) => set({ find }), [set]);
  const { input, text, setText } = useFindField(view.find, write);
  const state = view.state === null ? 'all' : STATE_NAMES[view.state].toLowerCase();
  return (
    <>
      <label className="input engines-find">
        <Icon name="search" size={14} />
        <span className="visually-hidden">Filter nodes</span>
        <input
          ref={input}
          value={text}
          placeholder="Filter nodes"
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setText(event.target.value)}
        />
        <kbd>/</kbd>
      </label>
      <Menu
        align="start"
        label={`Engine: ${view.engine ?? 'all'}`}
        button={
          <>
            <span className="key">Engine</span>
            {view.engine ?? 'all'}
          </>
        }
        options={[
          { id: '', name: 'All engines', on: view.engine === null },
          ...SLOT_ENGINES.map((engine) => ({
            id: engine,
            name: <EngineBadge engine={engine} bare />,
            on: engine === view.engine,
          })),
        ]}
        onChoose={(engine) => set({ engine }, { push: true })}
      />
      <Menu
        align="start"
        label={`State: ${state}`}
        button={
          <>
            <span className="key">State</span>
            {state}
          </>
        }
        options={[
          { id: '', name: 'All states', on: view.state === null },
          ...Object.entries(STATE_NAMES).map(([id, name]) => ({ id, name, on: id === view.state })),
        ]}
        onChoose={(id) => set({ state: id }, { push: true })}
      />
      {items !== null && <Counts items={items} />}
    </>
  );
}

function Counts({ items }: { items: readonly EngineItem[] }) {
  const look = items.filter(({ engine }) => needsLook(engine)).length;
  return (
    <span className="row say engines-counts">
      {countsOf(items).map(({ engine, nodes }) => (
        <span key={engine} className="row">
          <EngineBadge engine={engine} bare />
          <span className="t2">
            {nodes}
            <span className="visually-hidden"> {nodes === 1 ? 'node' : 'nodes'}</span>
          </span>
        </span>
      ))}
      {look > 0 && (
        <span className="warn medium">
          {look} {look === 1 ? 'needs' : 'need'} a look
        </span>
      )}
    </span>
  );
}

/** Hands a text to the browser as a file. */
function save(text: string, name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

/** Export, the window, and who is looking. */
export function EnginesActions({
  shown,
  operator,
  onSignIn,
}: {
  shown: readonly EngineItem[];
  operator: Operator;
  onSignIn: (anchor: DOMRect) => void;
}) {
  return (
    <>
      {operator.known && operator.name === null && (
        <button
          type="button"
          className="btn"
          onClick={(event) => onSignIn(event.currentTarget.getBoundingClientRect())}
        >
          <Icon name="lock" size={14} />
          <span className="key">Read only</span>
          Sign in
        </button>
      )}
      <ExportMenu
        head="The nodes that are shown"
        options={[
          { id: 'csv', name: 'CSV' },
          { id: 'json', name: 'JSON' },
        ]}
        onChoose={(id) =>
          id === 'csv'
            ? save(enginesCsv(shown), 'engines.csv', 'text/csv')
            : save(enginesJson(shown), 'engines.json', 'application/json')
        }
      />
      <WindowMenu />
    </>
  );
}

/** What rings, chips and crosses mean. */
export function EnginesFooter({ unavailable }: { unavailable: string | null }) {
  return (
    <footer className="foot">
      <span>Desired is what was asked for. Observed is read back from the kernel every second.</span>
      <span className="fill" />
      <span className="row opt">
        <svg width="14" height="14" aria-hidden="true">
          <rect
            x="1"
            y="1"
            width="12"
            height="12"
            rx="4"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.4"
          />
        </svg>
        desired
      </span>
      <span className="row opt">
        <svg width="14" height="14" aria-hidden="true">
          <rect x="2" y="2" width="10" height="10" rx="3" fill="currentColor" />
        </svg>
        observed
      </span>
      {unavailable !== null && (
        <span className="row opt cut" title={unavailable}>
          <svg width="12" height="12" aria-hidden="true">
            <path d="m2.5 2.5 7 7m0-7-7 7" stroke="currentColor" strokeWidth="1.4" />
          </svg>
          <span className="cut">not available: {unavailable}</span>
        </span>
      )}
    </footer>
  );
}
