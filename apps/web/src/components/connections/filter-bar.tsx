// SPDX-License-Identifier: Apache-2.0
'use client';

import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import {
  addFilter,
  type Filter,
  filterText,
  type KnownValues,
  removeFilter,
  suggestFilters,
  toggleFilter,
} from '@/domain/filters';
import { Chip } from '../chip';
import { Icon } from '../icon';

export interface FilterBarProps {
  filters: readonly Filter[];
  known: KnownValues;
  onChange: (filters: Filter[]) => void;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Filters as chips and an input that suggests what typed text can mean. `/` goes to it. */
export function FilterBar({ filters, known, onChange }: FilterBarProps) {
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const found = useMemo(() => suggestFilters(typed, known), [typed, known]);

  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);

  const add = (chosen: Pick<Filter, 'key' | 'value'> | undefined): void => {
    if (chosen === undefined) return;
    onChange(addFilter(filters, chosen));
    setTyped('');
    setActive(0);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((at) => (at + step + found.length) % Math.max(1, found.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      add(found[active]);
    } else if (event.key === 'Escape') {
      // Only this: an open record stays open.
      event.preventDefault();
      if (typed === '') input.current?.blur();
      setTyped('');
    } else if (event.key === 'Backspace' && typed === '') {
      const last = filters.at(-1);
      if (last !== undefined) onChange(removeFilter(filters, last));
    }
  };
  return (
    <search className="filter-bar">
      <div className="menu-anchor">
        <label className="input filter-input">
          <Icon name="search" size={14} />
          <input
            ref={input}
            role="combobox"
            aria-label="Add a filter"
            aria-expanded={found.length > 0}
            aria-controls={id}
            aria-activedescendant={found.length > 0 ? `${id}-${active}` : undefined}
            placeholder="Add a filter"
            spellCheck={false}
            autoComplete="off"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setActive(0);
            }}
            onKeyDown={onKey}
          />
          <kbd>/</kbd>
        </label>
        {found.length > 0 && (
          <div className="menu start" id={id} role="listbox" aria-label="Filters">
            {found.map((one, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keyboard.
              <div
                key={`${one.key} ${one.value}`}
                id={`${id}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === active}
                className={`menu-item${index === active ? ' active' : ''}`}
                onPointerDown={(event) => event.preventDefault()}
                onPointerMove={() => setActive(index)}
                onClick={() => add(one)}
              >
                <span className="t2">{one.key}</span>
                <span className="medium">{filterText(one)}</span>
              </div>
            ))}
          </div>
        )}
      </div>
      {filters.map((filter) => (
        <Chip
          key={`${filter.key} ${filter.value}`}
          name={filter.key}
          value={filterText(filter)}
          disabled={filter.disabled}
          onToggle={() => onChange(toggleFilter(filters, filter))}
          onRemove={() => onChange(removeFilter(filters, filter))}
        />
      ))}
      <span className="fill" />
      {filters.length > 0 && (
        <button type="button" className="link-btn quiet" onClick={() => onChange([])}>
          Clear all
        </button>
      )}
    </search>
  );
}
