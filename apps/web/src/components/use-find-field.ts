// SPDX-License-Identifier: Apache-2.0
'use client';

import { type RefObject, useEffect, useRef, useState } from 'react';

const PAUSE_MS = 150;

/** Whether keys belong to a field. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

export interface FindField {
  input: RefObject<HTMLInputElement | null>;
  /** What stands in the field: ahead of what was written. */
  text: string;
  setText: (text: string) => void;
  /** Puts a text there that has been written already. */
  settle: (text: string) => void;
}

/** A field whose text is kept elsewhere, e.g. in the address: written when the typing pauses. `/` comes here. */
export function useFindField(kept: string, onWrite: (text: string) => void): FindField {
  const [text, setText] = useState(kept);
  const written = useRef(kept);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (kept !== written.current) {
      written.current = kept;
      setText(kept);
    }
  }, [kept]);
  useEffect(() => {
    if (text === written.current) return;
    const timer = setTimeout(() => {
      written.current = text;
      onWrite(text);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, onWrite]);
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
  const settle = (now: string): void => {
    written.current = now;
    setText(now);
  };
  return { input, text, setText, settle };
}
