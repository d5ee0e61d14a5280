// SPDX-License-Identifier: Apache-2.0
import { expect, type Locator, type Page } from '@playwright/test';
import { AppPage } from './app-page.ts';

export type EngineName = 'kernel-native' | 'dual-engine' | 'off';

export class EnginesPage extends AppPage {
  readonly rows: Locator;
  /** Everything about one node. */
  readonly detail: Locator;
  readonly dialog: Locator;
  readonly log: Locator;
  readonly comparison: Locator;

  constructor(page: Page) {
    super(page, '/engines/');
    this.rows = page.getByRole('grid', { name: 'Engines by node' }).locator('tbody tr');
    this.detail = page.getByTestId('engine-detail');
    this.dialog = page.getByRole('dialog');
    this.log = page.getByRole('table', { name: 'Changes' }).locator('tbody tr');
    this.comparison = page.getByTestId('engine-comparison');
  }

  row(node: string): Locator {
    return this.page.locator(`tr[data-key="${node}"]`).and(this.rows);
  }

  slot(node: string, engine: EngineName): Locator {
    return this.row(node).getByRole('button', { name: `${node}: ${engine}` });
  }

  /** Presses a slot, also one that says that it cannot be had. */
  async press(node: string, engine: EngineName): Promise<void> {
    await this.slot(node, engine).click({ force: true });
    await expect(this.dialog).toBeVisible();
  }

  /** Orders an engine with a reason, and waits until the order is taken. */
  async order(node: string, engine: EngineName, reason: string): Promise<void> {
    await this.press(node, engine);
    await this.dialog.getByLabel('Reason').fill(reason);
    await this.dialog.getByRole('button', { name: `Switch to ${engine}` }).click();
    await expect(this.dialog).toHaveCount(0);
  }
}
