// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Nodes, Topology } from '@undermesh/schema';
import { useRouter } from 'next/navigation';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useFetch } from '@/data/use-fetch';
import { useUrl } from '@/data/use-url';
import { type SearchEntry, searchEntries, searchFor } from '@/domain/search';
import { Icon, type IconName } from './icon';

const PAGES: readonly SearchEntry[] = [
  ['Overview', '/'],
  ['Topology', '/topology/'],
  ['Connections', '/connections/'],
  ['Routes', '/routes/'],
  ['Nodes', '/nodes/'],
  ['Settings', '/settings/'],
].map(([name = '', path = '']) => ({ kind: 'page', id: path, name, detail: 'page', path, parameters: {} }));

const ICONS: Record<SearchEntry['kind'], IconName> = { page: 'page', workload: 'vertex', node: 'node' };

/** Goes to a page, a workload or a node by name. */
export function SearchPalette({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const { window, link } = useUrl();
  const topology = useFetch<Topology>('/api/v1/topology', { level: 'workload', window });
  const nodes = useFetch<Nodes>('/api/v1/nodes');
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const found = useMemo(
    () =>
      searchFor([...PAGES, ...searchEntries(topology.data?.vertices ?? [], nodes.data?.items ?? [])], typed),
    [topology.data, nodes.data, typed],
  );
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const go = (entry: SearchEntry | undefined): void => {
    if (entry === undefined) return;
    onClose();
    router.push(link(entry.path, entry.parameters));
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((at) => (at + step + found.length) % Math.max(1, found.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(found[active]);
    }
  };
  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Search"
      onClose={onClose}
      onKeyDown={(event) => {
        // The panel behind must not close too.
        if (event.key === 'Escape') event.stopPropagation();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className="palette-box">
        <div className="palette-input">
          <Icon name="search" />
          <input
            role="combobox"
            aria-expanded="true"
            aria-controls="palette-list"
            aria-activedescendant={found.length > 0 ? `palette-${active}` : undefined}
            aria-label="Search workloads, nodes and pages"
            placeholder="Workloads, nodes, pages"
            spellCheck={false}
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setActive(0);
            }}
            onKeyDown={onKey}
          />
          <kbd>Esc</kbd>
        </div>
        <div id="palette-list" role="listbox" aria-label="Found">
          {found.map((entry, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keyboard.
            <div
              key={entry.id}
              id={`palette-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              className={`menu-item${index === active ? ' active' : ''}`}
              onClick={() => go(entry)}
              onPointerMove={() => setActive(index)}
            >
              <span className="t3">
                <Icon name={ICONS[entry.kind]} />
              </span>
              <span className="cut">{entry.name}</span>
              <span className="fill" />
              <span className="t3 small">{entry.detail}</span>
            </div>
          ))}
          {found.length === 0 && <p className="palette-none t3">Nothing is called that.</p>}
        </div>
      </div>
    </dialog>
  );
}
