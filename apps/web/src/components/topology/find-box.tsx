// SPDX-License-Identifier: Apache-2.0
'use client';

import type { KeyboardEvent } from 'react';
import { splitHiding } from '@/domain/topology/find';
import { Icon } from '../icon';
import { useFindField } from '../use-find-field';

export interface FindBoxProps {
  find: string;
  /** What was found, in words; `null` when nothing is asked for. */
  found: string | null;
  problem: string | null;
  onFind: (text: string) => void;
  /** These are to be hidden; the rest stays as find. */
  onHide: (hide: readonly string[], find: string) => void;
}

const EXAMPLES =
  'front  ns:shop  p99 > 50 ms  errors > 1 %  requests > 10  failed > 1 %  rtt > 5 ms  port:8080  health:bad  -rate < 1';

/** Find by name or figure. A leading `-` hides; Enter makes a chip of it. `/` comes here. */
export function FindBox({ find, found, problem, onFind, onHide }: FindBoxProps) {
  const { input, text, setText, settle } = useFindField(find, onFind);

  const hideNow = (all: boolean): void => {
    const parts = splitHiding(text);
    const hide = all && parts.hide.length === 0 ? [parts.find] : parts.hide;
    if (hide.every((one) => one === '')) return;
    const rest = all && parts.hide.length === 0 ? '' : parts.find;
    settle(rest);
    onHide(hide, rest);
  };
  const onKey = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === 'Enter') {
      if (event.shiftKey) hideNow(true);
      else if (splitHiding(text).hide.length > 0) hideNow(false);
      event.preventDefault();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (text === '') event.currentTarget.blur();
      else setText('');
    }
  };
  return (
    <label className={`input find-box${text === '' ? '' : ' in-use'}`}>
      <Icon name="search" size={14} />
      <span className="visually-hidden">Find in the topology</span>
      <input
        ref={input}
        data-testid="topology-find"
        value={text}
        placeholder="Find: p99 > 50 ms"
        title={`Find by name or figure, for example:\n${EXAMPLES.replaceAll('  ', '\n')}`}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKey}
        aria-describedby="find-result"
      />
      <span
        id="find-result"
        className={problem === null ? 't3' : 'warn'}
        role="status"
        title={problem ?? undefined}
      >
        {problem !== null ? '?' : found}
        {problem !== null && <span className="visually-hidden">{problem}</span>}
      </span>
      {text === '' ? (
        <kbd>/</kbd>
      ) : (
        <button
          type="button"
          className="link-btn quiet"
          title="Hide what is found (Shift Enter)"
          onClick={() => hideNow(true)}
        >
          hide
        </button>
      )}
    </label>
  );
}
