// SPDX-License-Identifier: Apache-2.0
import type { Locator, Page } from '@playwright/test';
import { AppPage } from './app-page.ts';

export class OverviewPage extends AppPage {
  readonly tiles: Locator;
  readonly edges: Locator;
  readonly failures: Locator;
  readonly nodes: Locator;

  constructor(page: Page) {
    super(page, '/');
    this.tiles = page.locator('.tile');
    this.edges = page.getByRole('table', { name: 'Edges, worst first' }).locator('tbody tr[data-key]');
    this.failures = page.locator('ul.failures li');
    this.nodes = page.getByRole('table', { name: 'Nodes' });
  }

  /** A tile by its name. */
  tile(name: string): Locator {
    return this.tiles.filter({ has: this.page.getByRole('heading', { name, exact: true }) });
  }

  /** The figure of a tile, with its unit. */
  figure(name: string): Locator {
    return this.tile(name).locator('.tile-value');
  }
}
