// SPDX-License-Identifier: Apache-2.0
'use client';

import { useMemo, useState } from 'react';
import { useLive } from '@/data/live';
import { useUrl } from '@/data/use-url';
import { WINDOWS, windowLabel } from '@/domain/url-state';
import { Icon } from './icon';
import { Menu } from './menu';

/** Which window of time; in the URL as `window`. */
export function WindowMenu() {
  const { window, set } = useUrl();
  return (
    <Menu
      label={`Time: ${windowLabel(window)}`}
      button={
        <>
          <Icon name="clock" size={14} />
          {windowLabel(window)}
        </>
      }
      options={WINDOWS.map(({ seconds, label }) => ({
        id: String(seconds),
        name: label,
        on: seconds === window,
      }))}
      onChoose={(id) => set({ window: id }, { push: true })}
    />
  );
}

/** Which namespaces; in the URL as `namespace`, comma-separated. */
export function NamespaceMenu() {
  const { window, namespaces, set } = useUrl();
  // on no page the first thing to see: asked for once the reader reaches for it
  const [reached, setReached] = useState(false);
  const { data } = useLive('topology', reached ? { level: 'namespace', window } : null);
  const known = useMemo(() => {
    const names = new Set(
      data?.vertices.filter((vertex) => !vertex.external).map((vertex) => vertex.namespace),
    );
    for (const name of namespaces) names.add(name);
    return [...names].filter((name) => name !== '').sort();
  }, [data, namespaces]);
  const toggle = (name: string): void => {
    const others = namespaces.filter((one) => one !== name);
    const next = name === '' ? [] : namespaces.includes(name) ? others : [...namespaces, name];
    set({ namespace: next.join(',') }, { push: true });
  };
  const label =
    namespaces.length === 0
      ? 'All namespaces'
      : namespaces.length === 1
        ? (namespaces[0] ?? '')
        : `${namespaces.length} namespaces`;
  return (
    <Menu
      multiple
      label={`Namespaces: ${label}`}
      button={label}
      options={[
        { id: '', name: 'All namespaces', on: namespaces.length === 0 },
        ...known.map((name) => ({ id: name, name, on: namespaces.includes(name) })),
      ]}
      onChoose={toggle}
      onReach={() => setReached(true)}
    />
  );
}
