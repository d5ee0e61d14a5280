// SPDX-License-Identifier: Apache-2.0
'use client';

import { usePathname } from 'next/navigation';
import { useEngines, useStatus } from '@/data/live';
import { useUrl } from '@/data/use-url';
import { useTheme } from '@/theme/theme';
import { FreshnessBar } from './freshness';
import { StatusGlyph } from './glyph';
import { Icon, Logo } from './icon';
import { PageLink } from './page-link';
import { SearchButton } from './search';

const ENGINES = { path: '/engines/', name: 'Engines' } as const;

export const PAGES = [
  { path: '/', name: 'Overview' },
  { path: '/topology/', name: 'Topology' },
  { path: '/latency/', name: 'Latency' },
  { path: '/connections/', name: 'Connections' },
  { path: '/routes/', name: 'Routes' },
  { path: '/nodes/', name: 'Nodes' },
  ENGINES,
] as const;

const isCurrent = (path: string, page: string): boolean =>
  page === '/' ? path === '/' : path.startsWith(page.slice(0, -1));

/** Name, cluster, pages, freshness, search, settings. */
export function TopBar() {
  useTheme(); // on every page, so that a change of the system's theme is followed everywhere
  const path = usePathname();
  const { link } = useUrl();
  const { data: status } = useStatus();
  const onEngines = isCurrent(path, ENGINES.path);
  const { data: engines } = useEngines(onEngines ? undefined : null);
  const switching = onEngines && (engines?.items.some(({ engine }) => engine.state === 'switching') ?? false);
  return (
    <header className="top">
      <PageLink className="brand" href={link('/')} aria-label="Undermesh, overview">
        <Logo />
        <span className="brand-name">Undermesh</span>
      </PageLink>
      {status !== null && (
        <div className="cluster" title="Cluster">
          <span className="cut">{status.cluster}</span>
        </div>
      )}
      <nav className="tabs" aria-label="Pages">
        {PAGES.map((page) => (
          <PageLink
            key={page.path}
            href={link(page.path)}
            aria-current={isCurrent(path, page.path) ? 'page' : undefined}
          >
            {page.name}
            {page === ENGINES && switching && (
              <span className="accent">
                <StatusGlyph kind="run" size={12} />
                <span className="visually-hidden">, switching</span>
              </span>
            )}
          </PageLink>
        ))}
      </nav>
      <div className="fill" />
      <FreshnessBar />
      <SearchButton />
      <PageLink
        className="icon-btn settings-link"
        href={link('/settings/')}
        aria-label="Settings"
        aria-current={isCurrent(path, '/settings/') ? 'page' : undefined}
      >
        <Icon name="settings" />
      </PageLink>
    </header>
  );
}
