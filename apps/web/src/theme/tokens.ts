// SPDX-License-Identifier: Apache-2.0
'use client';

import { useMemo } from 'react';
import { useTheme } from './theme';

/** Names of the tokens that canvases need: CSS custom properties without `--`. */
export const TOKEN_NAMES = [
  'bg-0',
  'bg-1',
  'bg-2',
  'bg-3',
  'bg-sel',
  'group',
  'vertex',
  'line-1',
  'line-2',
  'line-3',
  'text-1',
  'text-2',
  'text-3',
  'text-inv',
  'accent',
  'ok',
  'warn',
  'crit',
  'unk',
  'e-kernel',
  'e-dual',
  'e-way',
  'e-cut',
  'e-off',
  'edge',
  'edge-dim',
  't-net',
  't-app',
  't-queue',
  'h0',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'h7',
  'hatch',
  'sans',
] as const;
export type TokenName = (typeof TOKEN_NAMES)[number];
export type Tokens = Readonly<Record<TokenName, string>>;

/** Values as they are in force. Only in the browser. */
export const readTokens = (): Tokens => {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    TOKEN_NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as Record<TokenName, string>;
};

/** Tokens for canvases, read again when the theme changes. `null` while the page is made on the server. */
export const useTokens = (): Tokens | null => {
  const theme = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is what changes the values.
  return useMemo(() => (typeof document === 'undefined' ? null : readTokens()), [theme]);
};
