// SPDX-License-Identifier: Apache-2.0
import type { Metadata, Viewport } from 'next';
import { type ReactNode, Suspense } from 'react';
import { Logo } from '@/components/icon';
import { TopBar } from '@/components/top-bar';
import { LiveProvider } from '@/data/live';
import { THEME_BOOTSTRAP } from '@/theme/bootstrap';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Undermesh', template: '%s · Undermesh' },
  description: 'The mesh as the kernel sees it.',
  robots: { index: false, follow: false },
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: dark)', color: '#11151a' },
    { media: '(prefers-color-scheme: light)', color: '#ffffff' },
  ],
};

/** The bar before the query string is known: same height, so that nothing jumps. */
const BareBar = () => (
  <header className="top">
    <div className="brand">
      <Logo />
      <span className="brand-name">Undermesh</span>
    </div>
  </header>
);

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" data-theme="dark" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant of ours, allowed by its hash. */}
        <script dangerouslySetInnerHTML={{ __html: THEME_BOOTSTRAP }} />
      </head>
      <body>
        <a className="skip" href="#content">
          Skip to content
        </a>
        <LiveProvider>
          <Suspense fallback={<BareBar />}>
            <TopBar />
          </Suspense>
          <Suspense fallback={<div className="page" />}>{children}</Suspense>
        </LiveProvider>
      </body>
    </html>
  );
}
