// SPDX-License-Identifier: Apache-2.0
'use client';

import { useEffect, useState } from 'react';
import { Icon } from './icon';

/** The clipboard where the page may use it (https or localhost); otherwise the old way through a selection. */
const copy = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
};

/** Copies and says so. */
export function CopyButton({
  text,
  name = 'Copy',
  icon = true,
}: {
  text: string | (() => string);
  name?: string;
  icon?: boolean;
}) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  const run = async (): Promise<void> => {
    setSaid((await copy(typeof text === 'string' ? text : text())) ? 'Copied' : 'Not copied');
  };
  return (
    <button type="button" className="btn" onClick={() => void run()}>
      {icon && <Icon name={said === 'Copied' ? 'check' : 'copy'} size={14} />}
      <span aria-live="polite">{said ?? name}</span>
    </button>
  );
}
