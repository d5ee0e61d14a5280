// SPDX-License-Identifier: Apache-2.0
'use client';

import { useSyncExternalStore } from 'react';
import { THEME_KEY } from './bootstrap';

export type Theme = 'dark' | 'light';
export type ThemeChoice = Theme | 'system';

const listeners = new Set<() => void>();
const notify = (): void => {
  for (const listener of listeners) listener();
};

const readChoice = (): ThemeChoice => {
  try {
    const kept = localStorage.getItem(THEME_KEY);
    return kept === 'dark' || kept === 'light' ? kept : 'system';
  } catch {
    return 'system';
  }
};
const systemTheme = (): Theme => (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark');

const apply = (): void => {
  const choice = readChoice();
  document.documentElement.dataset.theme = choice === 'system' ? systemTheme() : choice;
  notify();
};

/** Keeps the choice in this browser and shows it at once. */
export const chooseTheme = (choice: ThemeChoice): void => {
  try {
    if (choice === 'system') localStorage.removeItem(THEME_KEY);
    else localStorage.setItem(THEME_KEY, choice);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
    document.documentElement.dataset.theme = choice === 'system' ? systemTheme() : choice;
    notify();
    return;
  }
  apply();
};

const subscribe = (listener: () => void): (() => void) => {
  if (listeners.size === 0) {
    matchMedia('(prefers-color-scheme: light)').addEventListener('change', apply);
    window.addEventListener('storage', apply);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    matchMedia('(prefers-color-scheme: light)').removeEventListener('change', apply);
    window.removeEventListener('storage', apply);
  };
};

export const useThemeChoice = (): ThemeChoice => useSyncExternalStore(subscribe, readChoice, () => 'system');
/** The theme that is shown now. */
export const useTheme = (): Theme =>
  useSyncExternalStore(
    subscribe,
    () => (document.documentElement.dataset.theme === 'light' ? 'light' : 'dark'),
    () => 'dark',
  );
