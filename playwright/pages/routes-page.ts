// SPDX-License-Identifier: Apache-2.0
import type { Locator, Page } from '@playwright/test';
import { AppPage } from './app-page.ts';

export class RoutesPage extends AppPage {
  /** Those that are drawn: the table is virtual. */
  readonly rows: Locator;
  readonly find: Locator;
  readonly unexpressed: Locator;

  constructor(page: Page) {
    super(page, '/routes/');
    this.rows = page.getByRole('table', { name: 'Routes' }).locator('tbody tr[data-key]');
    this.find = page.getByRole('textbox', { name: 'Filter routes' });
    this.unexpressed = page.getByRole('region', { name: 'Services that the kernel cannot choose for' });
  }

  /** What a node says of its module and its fallbacks. */
  node(name: string): Locator {
    return this.page.getByRole('region', { name: `Kernel-native on ${name}` });
  }
}
