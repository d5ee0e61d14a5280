// SPDX-License-Identifier: Apache-2.0
'use client';

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Icon } from './icon';

export interface MenuOption {
  id: string;
  name: ReactNode;
  /** Shown as chosen. */
  on?: boolean;
  href?: string;
}

export interface MenuProps {
  /** Content of the button. */
  button: ReactNode;
  label: string;
  options: readonly MenuOption[];
  onChoose: (id: string) => void;
  /** Several may be on: the menu stays open. */
  multiple?: boolean;
  align?: 'start' | 'end';
  head?: ReactNode;
  /** The reader reaches for the menu: what its options need may be fetched. */
  onReach?: () => void;
}

const MOVES: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

/** A button with a menu. Arrows move, Escape closes and gives the focus back. */
export function Menu({
  button,
  label,
  options,
  onChoose,
  multiple = false,
  align = 'end',
  head,
  onReach,
}: MenuProps) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const id = useId();
  const items = (): HTMLElement[] => [
    ...(anchor.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? []),
  ];

  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent): void => {
      if (event.target instanceof Node && anchor.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    const found = [...(anchor.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
    (found.find((item) => item.getAttribute('aria-checked') === 'true') ?? found[0])?.focus();
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);

  const onKey = (event: KeyboardEvent): void => {
    if (!open) return;
    const found = items();
    const at = found.indexOf(document.activeElement as HTMLElement);
    const move = MOVES[event.key];
    if (move !== undefined) {
      event.preventDefault();
      found[(at + move + found.length) % found.length]?.focus();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      setOpen(false);
      anchor.current?.querySelector('button')?.focus();
    } else if (event.key === 'Tab') setOpen(false);
  };
  const choose = (option: MenuOption): void => {
    onChoose(option.id);
    if (multiple) return;
    setOpen(false);
    anchor.current?.querySelector('button')?.focus();
  };
  const role = options.some((option) => option.on !== undefined)
    ? multiple
      ? 'menuitemcheckbox'
      : 'menuitemradio'
    : 'menuitem';

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hands keys to the button and the menu inside.
    <span
      className="menu-anchor"
      ref={anchor}
      onKeyDown={onKey}
      onPointerEnter={onReach}
      onFocus={onReach}
      onClick={onReach}
    >
      <button
        type="button"
        className="btn"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={label}
        onClick={() => setOpen(!open)}
      >
        {button}
        <span className="caret">
          <Icon name="down" size={12} />
        </span>
      </button>
      {open && (
        <div className={`menu ${align}`} id={id} role="menu" aria-label={label}>
          {head !== undefined && <div className="menu-head">{head}</div>}
          {options.map((option) => (
            <button
              key={option.id}
              type="button"
              className="menu-item"
              role={role}
              tabIndex={-1}
              {...(role === 'menuitem' ? {} : { 'aria-checked': option.on === true })}
              onClick={() => choose(option)}
            >
              {role !== 'menuitem' && (
                <span className="mark">{option.on === true && <Icon name="check" size={14} />}</span>
              )}
              {option.name}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}
