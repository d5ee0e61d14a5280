// SPDX-License-Identifier: Apache-2.0
import { expect, type Locator, type Page } from '@playwright/test';
import { AppPage } from './app-page.ts';

export class LatencyPage extends AppPage {
  readonly heat: Locator;
  /** Takes pointer and keyboard. */
  readonly surface: Locator;
  readonly brush: Locator;
  readonly region: Locator;
  readonly comparison: Locator;
  readonly rows: Locator;

  constructor(page: Page) {
    super(page, '/latency/');
    this.heat = page.getByTestId('latency-heat');
    this.surface = page.getByRole('application');
    this.brush = page.getByTestId('latency-brush');
    this.region = page.getByTestId('latency-region');
    this.comparison = page.getByTestId('latency-comparison');
    this.rows = page.getByRole('table', { name: /by step, newest first/ }).locator('tbody tr[data-key]');
  }

  async isDrawn(): Promise<void> {
    await expect(this.heat.locator('canvas')).toBeVisible();
    await expect(this.surface).toBeVisible();
  }

  /** How many were timed, as the footer says. */
  async timed(): Promise<number> {
    const text = (await this.footer.textContent()) ?? '';
    return Number((/(\d[\d,]*)\s+timed/.exec(text)?.[1] ?? 'NaN').replaceAll(',', ''));
  }

  async compare(option: string | RegExp): Promise<void> {
    await this.page.getByRole('button', { name: /^Compare/ }).click();
    await this.page.getByRole('menuitemradio', { name: option }).click();
  }

  /** Drags over the heat map, in shares of its width and height. */
  async drag(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    const box = await this.surface.boundingBox();
    if (box === null) throw new Error('the heat map is not in view');
    const at = ([x, y]: readonly [number, number]) =>
      [box.x + box.width * x, box.y + box.height * y] as const;
    await this.page.mouse.move(...at(from));
    await this.page.mouse.down();
    await this.page.mouse.move(...at(to), { steps: 4 });
    await this.page.mouse.up();
  }
}
