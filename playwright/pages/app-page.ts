// SPDX-License-Identifier: Apache-2.0
import { expect, type Locator, type Page } from '@playwright/test';

export type Query = Record<string, string | number>;

/** What the footer says. */
export interface Ledger {
  made: number;
  stored: number;
  lost: number;
  waiting: number;
  /** "≥" stands before what was made. */
  bounded: boolean;
}

const numberOf = (text: string | undefined): number => Number((text ?? 'NaN').replaceAll(',', ''));

/** What every page of the dashboard has: top bar, freshness, banners, side panel, footer. */
export class AppPage {
  readonly page: Page;
  readonly path: string;
  readonly main: Locator;
  readonly freshness: Locator;
  readonly banners: Locator;
  readonly panel: Locator;
  readonly footer: Locator;

  constructor(page: Page, path: string) {
    this.page = page;
    this.path = path;
    this.main = page.getByRole('main');
    this.freshness = page.locator('.fresh');
    this.banners = page.locator('.note[role=status]');
    this.panel = page.getByRole('complementary');
    this.footer = page.getByRole('contentinfo');
  }

  address(query: Query = {}): string {
    const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    return text.size === 0 ? this.path : `${this.path}?${text}`;
  }

  /** Opens the page and waits until its figures come live. */
  async open(query: Query = {}): Promise<void> {
    await this.page.goto(this.address(query));
    await this.isLive();
  }

  async isLive(timeout = 30_000): Promise<void> {
    await expect(this.freshness).toContainText(/Live|Listening/, { timeout });
  }

  async goTo(
    name: 'Overview' | 'Topology' | 'Latency' | 'Connections' | 'Routes' | 'Nodes' | 'Engines' | 'Settings',
  ): Promise<void> {
    if (name === 'Settings') await this.page.getByRole('link', { name }).click();
    else await this.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
    await expect(this.page.getByRole('heading', { level: 1, name })).toBeVisible();
  }

  async ledger(): Promise<Ledger> {
    const text = (await this.footer.textContent()) ?? '';
    const [, bound, made, stored, lost, waiting] =
      /made\s(≥\s)?([\d,]+) = stored ([\d,]+) \+ lost ([\d,]+) \+ waiting ([\d,]+)/.exec(text) ?? [];
    return {
      made: numberOf(made),
      stored: numberOf(stored),
      lost: numberOf(lost),
      waiting: numberOf(waiting),
      bounded: bound !== undefined,
    };
  }

  /** Signs this browser in as the holder of an operator token. */
  async signIn(token: string): Promise<void> {
    const answer = await this.page.request.post('/api/v1/session', { data: { token } });
    expect(answer.status(), 'signed in').toBe(204);
  }

  /** A parameter of the address. */
  parameter(name: string): string | null {
    return new URL(this.page.url()).searchParams.get(name);
  }

  async inAddress(name: string, value: string | null): Promise<void> {
    await expect.poll(() => this.parameter(name), { message: `${name} in the address` }).toBe(value);
  }

  choose(group: string, option: string): Promise<void> {
    return this.page
      .getByRole('radiogroup', { name: group })
      .getByRole('radio', { name: option, exact: true })
      .click();
  }

  tab(name: string): Promise<void> {
    return this.panel.getByRole('tab', { name: new RegExp(`^${name}`) }).click();
  }

  /** Escape, until there is no panel: one that was drawn just now may not listen yet. */
  async closePanel(): Promise<void> {
    await expect(async () => {
      await this.page.keyboard.press('Escape');
      await expect(this.panel).toHaveCount(0, { timeout: 2000 });
    }).toPass({ timeout: 20_000 });
  }
}
