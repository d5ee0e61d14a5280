// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from '@playwright/test';
import { BROWSER } from './stack/browser.mjs';

/** Specs with a collector of their own: what they do to it would disturb the others. */
const ALONE = /(states|session|scale|switching|base-path)\.spec\.ts/;

export default defineConfig({
  testDir: 'specs',
  globalSetup: './stack/around.ts',
  // One mesh, two cores: tests take turns.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  // What hangs is ended; what is slow on a busy machine is not.
  timeout: 180_000,
  expect: { timeout: 40_000 },
  outputDir: 'test-results',
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: BROWSER,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    colorScheme: 'dark',
    reducedMotion: 'reduce',
    navigationTimeout: 30_000,
    trace: 'off',
    screenshot: 'only-on-failure',
  } as object,
  projects: [
    { name: 'mesh', testIgnore: ALONE },
    { name: 'alone', testMatch: ALONE },
  ],
});
