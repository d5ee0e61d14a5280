// SPDX-License-Identifier: Apache-2.0
import { expect, type Locator, type Page } from '@playwright/test';
import { AppPage, type Query } from './app-page.ts';

export type Positions = Record<string, string>;

export class TopologyPage extends AppPage {
  readonly canvas: Locator;
  readonly vertices: Locator;
  readonly edges: Locator;
  readonly rows: Locator;
  readonly find: Locator;

  constructor(page: Page) {
    super(page, '/topology/');
    this.canvas = page.getByTestId('topology-canvas');
    this.vertices = page.getByTestId('topology-vertex');
    this.edges = page.getByTestId('topology-edge');
    this.rows = page.getByTestId('topology-table').locator('tbody tr[data-key]');
    this.find = page.getByTestId('topology-find');
  }

  override async open(query: Query = {}): Promise<void> {
    await super.open(query);
    if (query.view !== 'table') await this.isDrawn();
  }

  /** The map is there, and something is on it. */
  async isDrawn(): Promise<void> {
    await expect(this.canvas).toHaveAttribute('data-drawn', 'true', { timeout: 30_000 });
    await expect.poll(() => this.colours(), { message: 'colours on the canvas' }).toBeGreaterThan(10);
  }

  /** How many colours the canvas has; 1 is blank. */
  colours(): Promise<number> {
    return this.canvas.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
      return new Set(pixels === undefined ? [] : new Uint32Array(pixels.buffer)).size;
    });
  }

  /** The picture as the canvas holds it. */
  picture(): Promise<string> {
    return this.canvas.locator('canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  }

  vertex(name: string): Locator {
    return this.page.locator(`[data-testid=topology-vertex][data-name="${name}"]`);
  }

  edge(source: string, destination: string): Locator {
    return this.page.locator(`[data-testid=topology-edge][data-name="${source} → ${destination}"]`);
  }

  /** Where every vertex lies on the map, whatever part of it is in view. */
  async positions(): Promise<Positions> {
    return this.vertices.evaluateAll((items) =>
      Object.fromEntries(
        items.map(({ dataset }) => [dataset.id ?? '', `${dataset.worldX},${dataset.worldY}`]),
      ),
    );
  }

  /** Waits, for `timeout` ms at most, until every vertex of the map has its place in the list. */
  async isListed(count?: number, timeout?: number): Promise<void> {
    if (count === undefined) await expect.poll(() => this.vertices.count()).toBeGreaterThan(0);
    else await expect(this.vertices).toHaveCount(count, timeout === undefined ? {} : { timeout });
  }

  /** Clicks the canvas where the list says that something is, until the panel is about it: the map may be moving. */
  async clickOn(item: Locator, title: string): Promise<void> {
    await expect(async () => {
      const [x, y] = [await item.getAttribute('data-x'), await item.getAttribute('data-y')];
      await this.canvas.click({ position: { x: Number(x), y: Number(y) } });
      await expect(this.panel.getByRole('heading', { level: 2 })).toHaveText(title, { timeout: 2000 });
    }).toPass({ timeout: 20_000 });
  }

  row(source: string, destination: string): Locator {
    return this.rows.filter({ hasText: source }).filter({ hasText: destination });
  }

  /** The texts of a row, in the order of the columns. */
  cells(row: Locator): Promise<string[]> {
    return row
      .locator('td')
      .evaluateAll((cells) => cells.map((cell) => (cell.textContent ?? '').replaceAll('\u00a0', ' ').trim()));
  }

  /** The texts of a row by the heads of their columns. */
  async byColumn(row: Locator): Promise<Record<string, string>> {
    const heads = await this.page
      .getByTestId('topology-table')
      .locator('thead th')
      .evaluateAll((all) => all.map((head) => (head.textContent ?? '').replaceAll('\u00a0', ' ').trim()));
    const cells = await this.cells(row);
    return Object.fromEntries(heads.map((head, at) => [head, cells[at] ?? '']));
  }

  /** A figure of the panel by its name. */
  panelFigure(name: string): Locator {
    return this.panel
      .locator('.figures > div')
      .filter({ has: this.page.locator('.figure-key', { hasText: new RegExp(`^${name}$`) }) })
      .locator('.figure-value');
  }
}
