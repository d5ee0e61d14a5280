// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { AppPage } from './app-page.ts';

export class ConnectionsPage extends AppPage {
  readonly rows: Locator;
  readonly filter: Locator;
  readonly record: Locator;

  constructor(page: Page) {
    super(page, '/connections/');
    this.rows = page.getByRole('table', { name: 'Connections, newest first' }).locator('tbody tr[data-key]');
    this.filter = page.getByRole('combobox', { name: 'Add a filter' });
    this.record = this.panel.getByRole('table', { name: 'Both ends' });
  }

  row(id: string): Locator {
    return this.rows.and(this.page.locator(`[data-key="${id}"]`));
  }

  chip(name: string): Locator {
    return this.page.locator('.filter-bar .chip', { hasText: name });
  }

  /** Both ends' values of a row of the record. */
  ends(field: string): Promise<string[]> {
    return this.record
      .getByRole('row')
      .filter({ has: this.page.getByRole('rowheader', { name: field, exact: true }) })
      .getByRole('cell')
      .allInnerTexts();
  }

  /** Chooses a format of the export menu. @returns the file's name and text */
  async export(format: 'CSV' | 'NDJSON'): Promise<{ name: string; text: string }> {
    await this.page.getByRole('button', { name: 'Export', exact: true }).click();
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('menuitem', { name: format, exact: true }).click(),
    ]);
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
  }
}
