// SPDX-License-Identifier: Apache-2.0
import type { Locator, Page } from '@playwright/test';
import { AppPage } from './app-page.ts';

export class NodesPage extends AppPage {
  readonly rows: Locator;
  readonly hooks: Locator;

  constructor(page: Page) {
    super(page, '/nodes/');
    this.rows = page.getByRole('table', { name: 'Nodes', exact: true }).locator('tbody tr[data-key]');
    this.hooks = this.panel.getByRole('tabpanel', { name: /^Hooks/ }).getByRole('listitem');
  }

  row(node: string): Locator {
    return this.rows.and(this.page.locator(`[data-key="${node}"]`));
  }
}
