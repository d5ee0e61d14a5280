// SPDX-License-Identifier: Apache-2.0
import { expect, type Page } from '@playwright/test';

/** All that a page complained about: errors on the console, uncaught ones, failed requests, refused by its policy. */
export class Trouble {
  readonly #seen: string[] = [];
  readonly #expected: RegExp[] = [];

  static async watch(page: Page): Promise<Trouble> {
    const trouble = new Trouble();
    const add = (text: string) => trouble.#seen.push(text);
    page.on('console', (message) => {
      if (message.type() === 'error') add(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => add(`uncaught: ${error.stack ?? error.message}`));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      if (why !== 'net::ERR_ABORTED') add(`request: ${request.url()} ${why}`); // the page was left
    });
    page.on('response', (response) => {
      if (response.status() >= 400) add(`answer: ${response.status()} ${response.url()}`);
    });
    await page.addInitScript(() => {
      document.addEventListener(
        'securitypolicyviolation',
        ({ violatedDirective, blockedURI, sourceFile }) => {
          console.error(`policy: ${violatedDirective} ${blockedURI} ${sourceFile}`);
        },
      );
    });
    return trouble;
  }

  /** What a test brings about itself. */
  expect(...patterns: RegExp[]): void {
    this.#expected.push(...patterns);
  }

  check(): void {
    const unexpected = this.#seen.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
    expect(unexpected, 'the page complained').toEqual([]);
  }
}
