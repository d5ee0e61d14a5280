// SPDX-License-Identifier: Apache-2.0
'use client';

import type { KeyboardEvent } from 'react';

export interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  options: readonly { id: T; name: string }[];
  onChange: (id: T) => void;
}

/** One of a few: a radio group drawn as a segmented control. Arrows move. */
export function Segments<T extends string>({ label, value, options, onChange }: SegmentsProps<T>) {
  const onKey = (event: KeyboardEvent<HTMLDivElement>): void => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const at = options.findIndex((option) => option.id === value);
    const next = (at + move + options.length) % options.length;
    const option = options[next];
    if (option === undefined) return;
    onChange(option.id);
    event.currentTarget.querySelectorAll('button')[next]?.focus();
  };
  return (
    <div className="seg" role="radiogroup" aria-label={label} onKeyDown={onKey}>
      {options.map((option) => (
        // biome-ignore lint/a11y/useSemanticElements: native radios cannot be drawn as segments with one tab stop.
        <button
          key={option.id}
          type="button"
          role="radio"
          aria-checked={option.id === value}
          tabIndex={option.id === value ? 0 : -1}
          onClick={() => onChange(option.id)}
        >
          {option.name}
        </button>
      ))}
    </div>
  );
}
