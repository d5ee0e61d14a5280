// SPDX-License-Identifier: Apache-2.0
'use client';

import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import { Icon } from './icon';

export interface PickerOption {
  id: string;
  name: string;
  /** Beside the name: its namespace. */
  detail?: string;
  /** Heading that it stands under. */
  group?: string;
}

export interface PickerProps {
  label: string;
  button: ReactNode;
  options: readonly PickerOption[];
  value: string | null;
  /** What stands for no choice. */
  any: string;
  onChoose: (id: string | null) => void;
}

const MOVES: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

/** A button with a searchable list of one choice. Type to narrow, arrows move, Enter chooses, Escape closes. */
export function Picker({ label, button, options, value, any, onChoose }: PickerProps) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const anchor = useRef<HTMLSpanElement>(null);
  const id = useId();
  const found = useMemo(() => {
    const wanted = typed.trim().toLowerCase();
    const all: (PickerOption & { none?: boolean })[] = [{ id: '', name: any, none: true }, ...options];
    return wanted === ''
      ? all
      : all.filter(({ name, detail = '' }) => `${detail}/${name}`.toLowerCase().includes(wanted));
  }, [typed, options, any]);

  useEffect(() => {
    if (!open) return;
    setTyped('');
    const outside = (event: PointerEvent): void => {
      if (event.target instanceof Node && anchor.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    anchor.current?.querySelector('input')?.focus();
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);
  useEffect(() => {
    if (open) anchor.current?.querySelector('.picker-option.active')?.scrollIntoView({ block: 'nearest' });
  });

  const close = (): void => {
    setOpen(false);
    anchor.current?.querySelector('button')?.focus();
  };
  const choose = (option: PickerOption | undefined): void => {
    if (option === undefined) return;
    onChoose(option.id === '' ? null : option.id);
    close();
  };
  const onKey = (event: KeyboardEvent): void => {
    const move = MOVES[event.key];
    if (move !== undefined) setActive((at) => (at + move + found.length) % Math.max(1, found.length));
    else if (event.key === 'Enter') choose(found[active]);
    else if (event.key === 'Escape') close();
    else if (event.key === 'Tab') setOpen(false);
    else return;
    if (event.key !== 'Tab') event.preventDefault();
  };
  return (
    <span className="menu-anchor" ref={anchor}>
      <button
        type="button"
        className="btn"
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-label={label}
        onClick={() => {
          setActive(Math.max(0, options.findIndex((option) => option.id === value) + 1));
          setOpen(!open);
        }}
      >
        {button}
        <span className="caret">
          <Icon name="down" size={12} />
        </span>
      </button>
      {open && (
        <div className="menu start picker">
          <label className="input">
            <Icon name="search" size={14} />
            <span className="visually-hidden">{label}: search</span>
            <input
              role="combobox"
              aria-expanded="true"
              aria-controls={id}
              aria-activedescendant={found[active] === undefined ? undefined : `${id}-${active}`}
              autoComplete="off"
              spellCheck={false}
              placeholder="Search"
              value={typed}
              onChange={(event) => {
                setTyped(event.target.value);
                setActive(0);
              }}
              onKeyDown={onKey}
            />
          </label>
          <div id={id} role="listbox" aria-label={label} className="picker-list">
            {found.map((option, index) => (
              <div key={option.id} className="contents-only">
                {option.group !== undefined && option.group !== found[index - 1]?.group && (
                  <div className="menu-head">{option.group}</div>
                )}
                {/* biome-ignore lint/a11y/useFocusableInteractive: the input keeps the focus and names the active option. */}
                {/* biome-ignore lint/a11y/useKeyWithClickEvents: the input handles the keys. */}
                <div
                  id={`${id}-${index}`}
                  role="option"
                  aria-selected={(value ?? '') === option.id}
                  className={`menu-item picker-option${index === active ? ' active' : ''}`}
                  onPointerMove={() => setActive(index)}
                  onClick={() => choose(option)}
                >
                  <span className="mark">
                    {(value ?? '') === option.id && <Icon name="check" size={14} />}
                  </span>
                  {option.name}
                  {option.detail !== undefined && <span className="t3">{option.detail}</span>}
                </div>
              </div>
            ))}
            {found.length === 0 && <p className="menu-head">Nothing is called that.</p>}
          </div>
        </div>
      )}
    </span>
  );
}
